/** Applying signatures: their messages are published, and handles follow what they come to. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { AnySignature } from '../contract/signature.ts';
import type { Reply, Transport } from '../contract/transport.ts';
import { OperationNotSupported, PartlySent } from '../errors.ts';
import { type Applied, type Applier, applySignature } from '../protocol/canvas.ts';
import type { TaskCall } from '../protocol/task-message.ts';
import { openOnce } from './open-once.ts';
import type { Results, TrackedTask } from './results.ts';
import type { Sender } from './sender.ts';

export interface ApplyContext {
  readonly transport: Transport;
  readonly sender: Sender;
  readonly results: Results;
  /** Where tasks go that are sent without a queue. */
  readonly queue: string;
  /** How chords join; null where Celery does not support them, because no backend stores results. */
  readonly chords: Applier['chords'] | null;
}

/** What became of a signature. */
export interface Application {
  readonly applied: Applied;
  /** Resolves when the broker has confirmed every message. */
  readonly sent: Promise<void>;
  /** The same for the message of one task. */
  sentOf(taskId: string): Promise<void> | null;
}

export interface Applications {
  /**
   * What a signature comes to, without sending it: ids are given to its tasks.
   *
   * @throws ProtocolError, InvalidTaskError, OperationNotSupported
   */
  plan(signature: AnySignature, options: Readonly<Record<string, unknown>>): Applied;
  /** Publishes what was planned. Its tasks are expected to answer from now on. */
  publish(applied: Applied, taskIds: readonly string[]): Application;
}

export function createApplications(context: ApplyContext): Applications {
  const { transport, sender, results } = context;
  const onReply = (reply: Reply) => results.receive(reply);
  const listen = openOnce(() => transport.onReply(onReply));

  function publish(applied: Applied, taskIds: readonly string[]): Application {
    const tasks = new Map(taskIds.map((id) => [id, results.expect(id)]));
    const listening = listen();
    const sendings = new Map<string, Promise<void>>();
    const rest = new AbortController();
    for (const call of applied.calls) {
      const sending = listening.then(() => sender.send(call, rest.signal));
      sending.then(
        () => expire(call, tasks.get(call.taskId)),
        (error) => rest.abort(error),
      );
      sendings.set(call.taskId, sending);
    }
    const sent = sender.busyWith(allSent(sendings));
    sent.catch(() => forget(tasks, sendings));
    return { applied, sent, sentOf: (taskId) => sendings.get(taskId) ?? null };
  }

  function expire({ expires }: TaskCall, task: TrackedTask | undefined): void {
    if (expires && task) results.expire(task, expires);
  }

  /** Nothing is heard of tasks that were not sent; those that travel with them, as in a chain, stay expected. */
  function forget(
    tasks: ReadonlyMap<string, TrackedTask>,
    sendings: ReadonlyMap<string, Promise<void>>,
  ): void {
    for (const [id, task] of tasks) sendings.get(id)?.catch(() => results.forget(task));
  }

  return {
    plan: (signature, options) => applySignature(signature, applierOf(context), { options }),
    publish,
  };
}

function applierOf({ transport, queue, chords }: ApplyContext): Applier {
  return {
    parent: null,
    replyTo: transport.oid,
    queue,
    origin: `gen${process.pid}@${hostname()}`,
    now: new Date(),
    chords: chords ?? 'unlock',
    newId: () => randomUUID(),
  };
}

/** @throws the error of the only message, PartlySent if some of several were not sent. */
async function allSent(sendings: ReadonlyMap<string, Promise<void>>): Promise<void> {
  const ids = [...sendings.keys()];
  const outcomes = await Promise.allSettled(sendings.values());
  const failed = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
  if (failed === undefined) return;
  const idsOf = (wanted: string) => ids.filter((_, index) => outcomes[index]?.status === wanted);
  const [sentIds, unsentIds] = [idsOf('fulfilled'), idsOf('rejected')];
  const cause: unknown = failed.reason;
  if (sentIds.length === 0) throw cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new PartlySent(
    `${unsentIds.length} of ${ids.length} messages were not sent: ${reason}; revoke those of 'sentIds', or send those of 'unsentIds' again`,
    { cause, sentIds, unsentIds },
  );
}
