/** A client without a broker: what it publishes is kept, and replies are handed to it. */
import { CELERY_CLUSTER } from '../../src/contract/cluster.ts';
import type { Publication, Reply, Transport } from '../../src/contract/transport.ts';
import type { ResultMeta } from '../../src/protocol/result.ts';
import { createRuntime, type OmegaRuntime, type RuntimeOptions } from '../../src/runtime/runtime.ts';
import { createSender } from '../../src/runtime/sender.ts';
import type { StoredResults } from '../../src/runtime/stored-results.ts';

export interface FakeClient {
  readonly runtime: OmegaRuntime;
  readonly published: Publication[];
  readonly closing: AbortController;
  /** Ends a task: its reply reaches the client. */
  reply(taskId: string, result: unknown, state?: string): void;
}

export function createFakeClient(
  transportChange: Partial<Transport> = {},
  change: Partial<RuntimeOptions> = {},
): FakeClient {
  const published: Publication[] = [];
  const closing = new AbortController();
  let listener: (reply: Reply) => void = () => undefined;
  const transport: Transport = {
    oid: 'reply-queue',
    names: CELERY_CLUSTER,
    publish: async (publication) => void published.push(publication),
    declareQueue: async () => undefined,
    declareDelayed: async () => undefined,
    purgeQueue: async () => null,
    visitQueue: async () => false,
    onReply: async (given) => {
      listener = given;
    },
    onControlReply: async () => undefined,
    onEvent: async () => async () => undefined,
    close: async () => undefined,
    ...transportChange,
  };
  const runtime = createRuntime({
    transport,
    sender: createSender(transport),
    reader: null,
    stored: null,
    chords: 'unlock',
    stage: { stage: async () => 'staged' },
    queue: 'celery',
    forgetRuns: async () => undefined,
    bucket: null,
    taskTimeout: 1200,
    closing: closing.signal,
    ...change,
  });
  const reply = (taskId: string, result: unknown, status = 'SUCCESS') =>
    listener({ correlationId: taskId, headers: {}, body: bodyOf(taskId, status, result) });
  return { runtime, published, closing, reply };
}

/** Stored results and groups in memory. */
export function createFakeStore(): StoredResults & {
  readonly results: Map<string, ResultMeta>;
  looks: number;
} {
  const results = new Map<string, ResultMeta>();
  const groups = new Map<string, readonly string[]>();
  return {
    results,
    looks: 0,
    async fetchResults(ids) {
      this.looks += 1;
      return new Map(
        ids.flatMap((id) => [[id, results.get(id)] as const]).filter((entry) => entry[1]),
      ) as Map<string, ResultMeta>;
    },
    saveGroup: async (id, ids) => void groups.set(id, ids),
    fetchGroup: async (id) => groups.get(id) ?? null,
  };
}

function bodyOf(taskId: string, status: string, result: unknown): Buffer {
  const fields = { task_id: taskId, status, result, traceback: null, children: [], date_done: null };
  return Buffer.from(JSON.stringify(fields));
}
