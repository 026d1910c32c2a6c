/** `om.runtime.dead()`: the messages that could not run, which workers keep in `<queue>.dead`. */
import { createHash } from 'node:crypto';
import type { QueuedMessage, Transport, Visit } from '../contract/transport.ts';
import { type Death, deadQueueOf, readDeath, revivedMessage } from '../protocol/dead-letter.ts';
import { decodeTask, readResultAddress } from '../protocol/decode-task.ts';
import type { SerializerName } from '../protocol/serializers.ts';

/** A message that could not run: no task, of a task that nobody knows, or one that ends its executor each time. */
export interface DeadTask extends Death {
  /** Its task id; of a message without one, a name made from its content. */
  readonly id: string;
  /** Null where it cannot be read. */
  readonly taskName: string | null;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Which of them: by {@link DeadTask.id}. */
export type DeadTaskIds = readonly string[] | 'all';

export interface DeadTasks {
  /** The oldest first. @param limit - most of them. Default 1,000. */
  list(limit?: number): Promise<DeadTask[]>;
  /**
   * Sends them to the queues that they came from, as they were, and removes them here. They begin anew: what is stored of
   * their end, and how often they have ended an executor, is forgotten.
   *
   * @returns the ids of those that there were.
   * @throws Unroutable if such a queue is gone; what was sent before that is removed here.
   */
  requeue(ids: DeadTaskIds): Promise<string[]>;
  /** Removes them for good. @returns the ids of those that there were. */
  drop(ids: DeadTaskIds): Promise<string[]>;
}

export interface DeadTasksOptions {
  readonly transport: Transport;
  /** Forgets how a task ended and how often it ran. */
  readonly forgetTask: (taskId: string) => Promise<void>;
}

const DEFAULT_LIMIT = 1_000;
/** All are only data here. */
const READABLE: readonly SerializerName[] = ['json', 'yaml', 'msgpack', 'pickle'];

/** The dead messages of a queue. */
export function createDeadTasks({ transport, forgetTask }: DeadTasksOptions, queue: string): DeadTasks {
  const deadQueue = deadQueueOf(queue);

  async function list(limit = DEFAULT_LIMIT): Promise<DeadTask[]> {
    const tasks: DeadTask[] = [];
    await transport.visitQueue(deadQueue, async (message) => {
      if (tasks.length >= limit) return 'stop';
      tasks.push(describe(message));
      return 'keep';
    });
    return tasks;
  }

  /** Does something to each of these, and removes it. One of several copies is enough, also when the visit begins anew. */
  async function remove(
    ids: DeadTaskIds,
    before: (task: DeadTask, message: QueuedMessage) => Promise<void>,
  ): Promise<string[]> {
    const removed = new Set<string>();
    let failure: { readonly error: unknown } | undefined;
    await transport.visitQueue(deadQueue, async (message): Promise<Visit> => {
      const task = describe(message);
      if (ids !== 'all' && !ids.includes(task.id)) return 'keep';
      if (removed.has(task.id)) return 'remove';
      try {
        await before(task, message);
      } catch (error) {
        failure = { error };
        return 'stop';
      }
      removed.add(task.id);
      return 'remove';
    });
    if (failure) throw failure.error;
    return [...removed];
  }

  return {
    list,
    requeue: (ids) =>
      remove(ids, async (task, message) => {
        await forgetTask(task.id);
        await transport.publish(revivedMessage(message, task.queue ?? queue));
      }),
    drop: (ids) => remove(ids, async () => undefined),
  };
}

function describe(message: QueuedMessage): DeadTask {
  const { body, properties } = message;
  const { headers = {} } = properties;
  return { ...identify(message), ...readDeath(message), headers, body };
}

function identify({ body, properties }: QueuedMessage): Pick<DeadTask, 'id' | 'taskName'> {
  const raw = { body, properties, exchange: '', routingKey: '', redelivered: false };
  try {
    const { taskId, taskName } = decodeTask(raw, READABLE);
    return { id: taskId, taskName };
  } catch {
    // Most of what is dead cannot be decoded: its headers may still say what it was.
    const task = properties.headers?.task;
    const id = readResultAddress(raw, READABLE)?.taskId ?? nameOf(body);
    return { id, taskName: typeof task === 'string' ? task : null };
  }
}

function nameOf(body: Buffer): string {
  return `message-${createHash('sha256').update(body).digest('hex').slice(0, 12)}`;
}
