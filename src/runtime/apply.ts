/** Applying signatures: their messages are published, and handles follow what they come to. */
import { randomUUID } from 'node:crypto';
import type { AnySignature } from '../contract/signature.ts';
import type { Transport } from '../contract/transport.ts';
import { OperationNotSupported, PartlySent } from '../errors.ts';
import { type Applied, type Applier, applySignature, type ResultTuple } from '../protocol/canvas.ts';
import { type Fields, isFields } from '../protocol/fields.ts';
import type { Router } from '../protocol/routes.ts';
import { ORIGIN, type TaskCall } from '../protocol/task-message.ts';
import type { Results } from './results.ts';
import type { Sender } from './sender.ts';
import type { TrackedTask } from './tracked-task.ts';

/** The port to a result backend that counts chords by itself (Celery's `set_chord_size`). */
export interface ChordCounter {
  begin(groupId: string, size: number): Promise<void>;
  /** For a header with groups in it, whose results the body takes as lists. */
  saveHeader(header: ResultTuple): Promise<void>;
}

export interface ApplyContext {
  readonly transport: Transport;
  readonly sender: Sender;
  readonly results: Results;
  /** Opens the reply queue. */
  listen(): Promise<void>;
  /** Where tasks go that are sent without a queue. */
  readonly queue: string;
  /** Where tasks go. Default: to their queue. */
  readonly router?: Router;
  /** How chords join; null where Celery does not support them, because no backend stores results. */
  readonly chords: Applier['chords'] | null;
  readonly chordCounter?: ChordCounter | undefined;
}

/** What became of a signature. */
export interface Application {
  readonly applied: Applied;
  /** Its tasks, by id. */
  readonly tasks: ReadonlyMap<string, TrackedTask>;
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
  /** Publishes what was planned. Its tasks, which are expected to answer, are forgotten when it fails. */
  publish(applied: Applied, tasks: readonly TrackedTask[]): Application;
}

export function createApplications(context: ApplyContext): Applications {
  const { sender, results, listen } = context;

  function publish(applied: Applied, expected: readonly TrackedTask[]): Application {
    const tasks = new Map(expected.map((task) => [task.id, task]));
    let ready = listen().then(() => announce(applied, context.chordCounter));
    const sendings = new Map<string, Promise<void>>();
    // One of its own for every single task would cost a tenth of sending it.
    const rest = applied.calls.length > 1 ? new AbortController() : null;
    for (const call of applied.calls) {
      // One after the other, so that the messages go out in their order; their confirms are not waited for.
      ready = ready.then(() => sender.prepare(call));
      const sending = ready.then(() => sender.publish(call, rest?.signal));
      sending.then(
        () => confirmed(call, tasks),
        (error) => rest?.abort(error),
      );
      sendings.set(call.taskId, sending);
    }
    const sent = sender.busyWith(allSent(sendings));
    sent.then(
      () => forget(tasks, ignoredIds(applied.calls)),
      (error) => forget(tasks, error instanceof PartlySent ? error.unsentIds : tasks.keys()),
    );
    return { applied, tasks, sent, sentOf: (taskId) => sendings.get(taskId) ?? null };
  }

  function confirmed(call: TaskCall, tasks: ReadonlyMap<string, TrackedTask>): void {
    const task = tasks.get(call.taskId);
    if (call.expires && task) results.expire(task, call.expires);
  }

  /** Nothing is heard of tasks that were not sent, or whose results are ignored. */
  function forget(tasks: ReadonlyMap<string, TrackedTask>, ids: Iterable<string>): void {
    for (const id of ids) {
      const task = tasks.get(id);
      if (task) results.forget(task);
    }
  }

  return {
    plan(signature, options) {
      const applied = applySignature(signature, applierOf(context), { options });
      if (context.chords === null && applied.joins.length > 0) throw chordsNotSupported();
      return applied;
    },
    publish,
  };
}

/** Of the tasks that go with messages, now or later, those whose ends nobody is told of. */
function ignoredIds(calls: readonly TaskCall[]): ReadonlySet<string> {
  const now = calls.filter(({ ignoreResult }) => ignoreResult).map(({ taskId }) => taskId);
  // All tasks of a header have the same chord.
  const embedded = new Set(calls.flatMap(({ embed }) => [embed?.chain, embed?.chord]));
  const later = signaturesIn([...embedded]);
  const ignored = later.filter(({ ignore_result }) => ignore_result === true).map(({ task_id }) => task_id);
  return new Set([...now, ...ignored.map(String)]);
}

/** The options of signatures, and of those in them. */
function signaturesIn(value: unknown): readonly Fields[] {
  if (Array.isArray(value)) return value.flatMap(signaturesIn);
  if (!isFields(value)) return [];
  const options = isFields(value.options) ? value.options : {};
  const kwargs = isFields(value.kwargs) ? value.kwargs : {};
  return [options, ...signaturesIn([options.chain, options.chord, kwargs.tasks, kwargs.header, kwargs.body])];
}

function applierOf({ transport, queue, router, chords }: ApplyContext): Applier {
  return {
    parent: null,
    replyTo: transport.oid,
    queue,
    ...(router && { router }),
    origin: ORIGIN,
    now: new Date(),
    chords: chords ?? 'unlock',
    newId: () => randomUUID(),
  };
}

/** Notes the chords where the result backend counts them: before their tasks can end. */
async function announce({ joins }: Applied, counter: ChordCounter | undefined): Promise<void> {
  for (const { groupId, size, header } of counter ? joins : []) {
    await counter?.begin(groupId, size);
    if (header[1]?.some(([, children]) => children !== null)) await counter?.saveHeader(header);
  }
}

/** @throws the error of the only message, PartlySent if some of several were not sent. */
async function allSent(sendings: ReadonlyMap<string, Promise<void>>): Promise<void> {
  if (sendings.size === 1) for (const only of sendings.values()) return await only;
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

function chordsNotSupported(): OperationNotSupported {
  return new OperationNotSupported(
    'a chord needs stored results, which OMEGA_RESULT_BACKEND=rpc:// does not keep (nor does Celery): leave it empty, or give the URL of a store',
  );
}
