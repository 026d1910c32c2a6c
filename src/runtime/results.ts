/**
 * Where a client learns how its tasks ended: replies on its own queue, at once, and the stored results,
 * for tasks of other processes and for replies that a lost connection took along.
 */
import type { Reply } from '../contract/transport.ts';
import { OperationNotSupported } from '../errors.ts';
import { decodeResult, type ResultMeta } from '../protocol/result.ts';
import { isReady } from '../protocol/states.ts';

/** Reads stored results: the `mongodb://` result backend. */
export interface ResultReader {
  /** The stored result, null while nothing is stored. */
  fetch(taskId: string): Promise<ResultMeta | null>;
}

/** Follows tasks by id until they are ready. */
export interface Results {
  /** Announces a task of this client, so that its replies are kept for it. Call before it is sent. */
  expect(taskId: string): void;
  /** Forgets a task that could not be sent. */
  forget(taskId: string): void;
  receive(reply: Reply): void;
  /** The newest known result or intermediate state; null for PENDING. */
  latest(taskId: string): Promise<ResultMeta | null>;
  /** Resolves when the task is ready; ends with the signal's reason when it is aborted. */
  ready(taskId: string, signal: AbortSignal): Promise<ResultMeta>;
}

interface Expectation {
  latest: ResultMeta | null;
  readonly listeners: Set<(result: ResultMeta) => void>;
}

/** Replies normally come by message: looking into the store is for the ones that were lost. */
const POLL_OWN_MS = 5_000;
const POLL_FIRST_MS = 20;
const POLL_LAST_MS = 1_000;
/** Results of handles that nobody awaits are kept for the newest tasks only. */
const KEPT_RESULTS = 10_000;

/** @param reader null when no result backend can be read: only this client's own tasks are known then. */
export function createResults(reader: ResultReader | null): Results {
  const expectations = new Map<string, Expectation>();

  function store(result: ResultMeta): void {
    const expectation = expectations.get(result.taskId);
    if (!expectation || (expectation.latest && isReady(expectation.latest.state))) return;
    expectation.latest = result;
    if (isReady(result.state)) for (const listener of [...expectation.listeners]) listener(result);
  }

  async function fetchStored(taskId: string): Promise<ResultMeta | null> {
    const stored = (await reader?.fetch(taskId)) ?? null;
    if (stored) store(stored);
    return stored;
  }

  return {
    expect(taskId) {
      expectations.set(taskId, { latest: null, listeners: new Set() });
      for (const [oldest, { listeners }] of expectations) {
        if (expectations.size <= KEPT_RESULTS) break;
        if (listeners.size === 0) expectations.delete(oldest);
      }
    },
    forget(taskId) {
      expectations.delete(taskId);
    },
    receive(reply) {
      store(decodeResult(reply.body));
    },
    async latest(taskId) {
      const known = expectations.get(taskId)?.latest;
      if (known && isReady(known.state)) return known;
      return (await fetchStored(taskId)) ?? known ?? null;
    },
    async ready(taskId, signal) {
      const own = expectations.get(taskId);
      if (own?.latest && isReady(own.latest.state)) return own.latest;
      if (!own && !reader) throw resultsNotStored(taskId);
      return await new Promise<ResultMeta>((resolve, reject) => {
        const stopPolling = new AbortController();
        const conclude = (act: () => void) => {
          stopPolling.abort();
          own?.listeners.delete(listener);
          signal.removeEventListener('abort', onAbort);
          act();
        };
        const listener = (result: ResultMeta) => conclude(() => resolve(result));
        const onAbort = () => conclude(() => reject(signal.reason));
        if (signal.aborted) return onAbort();
        own?.listeners.add(listener);
        signal.addEventListener('abort', onAbort);
        if (!reader) return;
        poll(() => fetchStored(taskId), own ? POLL_OWN_MS : POLL_FIRST_MS, stopPolling.signal).then(
          (result) => result && listener(result),
          (error) => conclude(() => reject(error)),
        );
      });
    },
  };
}

function resultsNotStored(taskId: string): OperationNotSupported {
  return new OperationNotSupported(
    `the result of task ${taskId} went to the client that sent it: results are not stored with OMEGA_RESULT_BACKEND=rpc://, leave it empty to store them as well`,
  );
}

/** Asks until there is a ready result, at growing intervals; null when stopped. */
async function poll(
  fetch: () => Promise<ResultMeta | null>,
  firstMs: number,
  stop: AbortSignal,
): Promise<ResultMeta | null> {
  for (let pause = firstMs; !stop.aborted; pause = Math.max(pause, Math.min(pause * 1.5, POLL_LAST_MS))) {
    await sleep(pause, stop);
    if (stop.aborted) return null;
    const result = await fetch();
    if (result && isReady(result.state)) return result;
  }
  return null;
}

function sleep(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    stop.addEventListener('abort', wake);
  });
}
