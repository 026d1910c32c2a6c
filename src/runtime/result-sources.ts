/** Where a client learns of results, besides the replies to its own tasks. */

import type { Reply } from '../contract/transport.ts';
import { OperationNotSupported } from '../errors.ts';
import { exceptionText, toErrorRecord } from '../protocol/exception.ts';
import { parseJson } from '../protocol/json.ts';
import type { ResultMeta } from '../protocol/result.ts';
import { JSON_RESULTS, type ResultContent } from '../protocol/result-content.ts';
import { FAILURE, PENDING } from '../protocol/states.ts';
import { readReply } from '../protocol/stored-result.ts';

/** Reads stored results: the result backends that store. */
export interface ResultReader {
  /** The stored result, null while nothing is stored. */
  fetch(taskId: string): Promise<ResultMeta | null>;
  /** Removes what is stored of a task. */
  forget?(taskId: string): Promise<void>;
  /** Hears of states as they are stored, from when it resolves until what it gives is called; Redis alone can. */
  watch?: ((taskId: string, listener: (result: ResultMeta) => void) => Promise<() => void>) | undefined;
}

/** What else a client can do to learn how tasks ended. */
export interface ResultSources {
  /** False where workers only store results and send none. Default true. */
  readonly replies?: boolean | undefined;
  /** What replies are read as. Default: JSON. */
  readonly content?: ResultContent | undefined;
  /** Asks the workers to send the states of a task of another process to this client as well. */
  ask?(taskId: string): Promise<void>;
  /** Reads a value that was too large for its reply. @throws OperationalError when it may be read later. */
  resolve?(result: ResultMeta): Promise<ResultMeta>;
}

/** What a reply says; that it cannot be read is the end of its task for who waits here. @throws if it names no task. */
export function resultOf(reply: Reply, { content = JSON_RESULTS }: ResultSources): ResultMeta {
  try {
    return readReply(reply, content);
  } catch (error) {
    const { correlationId: taskId } = reply;
    if (taskId === undefined) throw error;
    const unknown = { taskId, state: PENDING, result: null, traceback: null, children: [], dateDone: null };
    return unreadable(unknown, error);
  }
}

/** The value of a result cannot be had any more. */
export function unreadable(result: ResultMeta, error: unknown): ResultMeta {
  const record = toErrorRecord(error);
  return { ...result, state: FAILURE, result: parseJson(exceptionText(record)), traceback: null };
}

export async function noSuchValue({ taskId }: ResultMeta): Promise<never> {
  throw new OperationNotSupported(
    `the result of task ${taskId} is too large for a reply: connect with the MongoDB URL of its worker to read it`,
  );
}
