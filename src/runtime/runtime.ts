/** `om.runtime`: submits tasks to the workers and follows them. */
import { type CallOptions, wireOptions } from '../contract/call-options.ts';
import type {
  AnySignature,
  KindOf,
  Nothing,
  ResultOf,
  SignatureKind,
  Taking,
} from '../contract/signature.ts';
import type { TaskDefinition } from '../contract/task.ts';
import { signature } from '../contract/task-signature.ts';
import type { Reply, Transport } from '../contract/transport.ts';
import type { Applier } from '../protocol/canvas.ts';
import type { ClusterEvent } from '../protocol/cluster-event.ts';
import type { ResultContent } from '../protocol/result-content.ts';
import type { Router } from '../protocol/routes.ts';
import { type ChordCounter, createApplications } from './apply.ts';
import { type ControlClient, createControlClient } from './control-client.ts';
import { createDeadTasks, type DeadTasks } from './dead-tasks.ts';
import { type EventOptions, listenToEvents } from './events.ts';
import type { GroupHandle } from './group-handle.ts';
import { allTaskIds, createHandles } from './handles.ts';
import { createJobProxy, type JobProxy } from './job-proxy.ts';
import { createModelProxy, type DataStage, type ModelProxy, systemKwargs } from './model-proxy.ts';
import { openOnce } from './open-once.ts';
import type { ResultReader, ResultSources } from './result-sources.ts';
import { Results } from './results.ts';
import { createSend, type Send, type SendOptions } from './send.ts';
import type { Sender } from './sender.ts';
import type { StoredResults } from './stored-results.ts';
import { type AnyHandle, TaskHandle } from './task-handle.ts';
import { createWatchRequest } from './watch-request.ts';

/** What `omega_ping` answers. */
export interface Pong {
  readonly message: string;
  readonly time: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly worker: string;
}

export interface OmegaRuntime {
  /** Sends any task by name, also one that only Python workers know. Its time limits are the worker's. */
  send<Result = unknown>(
    taskName: string,
    args?: readonly unknown[],
    kwargs?: Readonly<Record<string, unknown>>,
    options?: SendOptions,
  ): TaskHandle<Result>;
  /** A typed submitter of a task made by `task()`: its input is sent as keyword arguments, with its limits. */
  task<Input, Args extends object, Result>(
    definition: TaskDefinition<Input, Args, Result>,
  ): (input: Args, options?: SendOptions) => TaskHandle<Awaited<Result>>;
  model(name: string, options?: SendOptions): ModelProxy;
  job(name: string, options?: SendOptions): JobProxy;
  ping(options?: SendOptions): TaskHandle<Pong>;
  /**
   * Sends a signature: made by `signature`, `chain`, `group`, `chord`, `map`, `starmap` or `chunks`, or read from
   * JSON. Its options are those of a single task, of the first task of a chain, of each task of a group, and of
   * the body of a chord; they come before the signature's own.
   *
   * @throws InvalidOptions, ProtocolError for what is no signature, InvalidTaskError for a canvas without tasks,
   *   OperationNotSupported for a chord without stored results.
   */
  apply<S extends AnySignature>(signature: S & Taking<S, Nothing>, options?: CallOptions): HandleOf<S>;
  /** A handle for a task sent earlier, by any process. */
  result<Result = unknown>(taskId: string): TaskHandle<Result>;
  /**
   * A handle for a group that was saved, by any process, also by Celery's `GroupResult.save`. What it is asked
   * rejects with GroupNotFound when there is none, with OperationNotSupported when no backend stores groups.
   */
  groupResult<Results extends readonly unknown[] = unknown[]>(groupId: string): GroupHandle<Results>;
  /**
   * Removes the tasks that wait in a queue.
   *
   * @param queue Default: the first of the settings' queues.
   * @returns how many they were; null where there is no such queue.
   */
  purge(queue?: string): Promise<number | null>;
  /**
   * The messages of a queue that could not run: to be looked at, sent again, or dropped.
   *
   * @param queue Default: the first of the settings' queues.
   */
  dead(queue?: string): DeadTasks;
  /** Remote control of the workers. */
  readonly control: ControlClient;
  /**
   * What workers and clients tell from now on, until the signal is aborted or the loop is left. Throws
   * OperationalError when the client is closed meanwhile.
   */
  events(options?: EventOptions): AsyncIterable<ClusterEvent>;
}

/** The handle of a task, or of a group for a signature that gives the results of one. */
export type HandleOf<S> =
  SignatureKind extends KindOf<S>
    ? TaskHandle<unknown> | GroupHandle<unknown[]>
    : KindOf<S> extends 'task'
      ? TaskHandle<ResultOf<S>>
      : GroupHandle<ResultOf<S> extends readonly unknown[] ? ResultOf<S> : unknown[]>;

export interface RuntimeOptions {
  readonly transport: Transport;
  readonly sender: Sender;
  /** Reads stored results; null when no backend stores them. */
  readonly reader: ResultReader | null;
  /** Reads values that were too large for their replies. */
  readonly resolveLarge?: ResultSources['resolve'];
  /** Reads and keeps stored results and groups; null when no backend stores them. */
  readonly stored: StoredResults | null;
  /** How chords join; null where they cannot, because no backend stores results. */
  readonly chords: Applier['chords'] | null;
  /** Where chords are announced that the result backend counts. */
  readonly chordCounter?: ChordCounter | undefined;
  /** What replies are read as. Default: JSON. */
  readonly resultContent?: ResultContent;
  /** False where workers only store results and send none. Default true. */
  readonly replies?: boolean;
  /** Where data that are passed by value are stored on the way. */
  readonly stage: DataStage;
  readonly queue: string;
  /** Forgets how often a task ran, and that it has. */
  readonly forgetRuns: (taskId: string) => Promise<void>;
  /** Where tasks go. Default: to the queue that is named, else to `queue`. */
  readonly router?: Router;
  /** Bucket of the stores that the tasks use, null for the default one. */
  readonly bucket: string | null;
  /** Seconds: the default soft time limit of omega|ml's own tasks. */
  readonly taskTimeout: number;
  /** Aborted when the client is closed: every wait for a result ends with its reason. */
  readonly closing: AbortSignal;
}

/** Seconds between the soft and the hard time limit of omega|ml's own tasks. */
const HARD_LIMIT_GRACE = 30;

export function createRuntime(options: RuntimeOptions): OmegaRuntime {
  const { transport, sender, stored, closing, taskTimeout, stage, bucket } = options;
  const onReply = (reply: Reply) => results.receive(reply);
  const listen = openOnce(() => transport.onReply(onReply));
  const results = new Results(options.reader, closing, {
    replies: options.replies,
    content: options.resultContent,
    ask: createWatchRequest(transport, listen),
    ...(options.resolveLarge && { resolve: options.resolveLarge }),
  });
  const control = createControlClient(transport);
  const handles = createHandles({ results, stored, closing, revoke: control.revoke });
  const applications = createApplications({ ...options, results, listen });
  const send = createSend({ applications, results, sender, handles: handles.context });
  const limited = (sendOptions: SendOptions = {}): SendOptions => {
    const softTimeLimit = sendOptions.softTimeLimit ?? taskTimeout;
    return { timeLimit: softTimeLimit + HARD_LIMIT_GRACE, ...sendOptions, softTimeLimit };
  };
  const sendLimited: Send = (taskName, input, sendOptions) => send(taskName, input, limited(sendOptions));

  async function forgetTask(taskId: string): Promise<void> {
    await options.forgetRuns(taskId);
    if (options.reader?.forget) await results.discard(results.find(taskId));
  }

  function apply(sig: AnySignature, applyOptions: CallOptions = {}): AnyHandle {
    const applied = applications.plan(sig, wireOptions(applyOptions));
    const tasks = [...allTaskIds(applied.result)].map((id) => results.expect(id));
    return handles.handleOf(applied.result, applications.publish(applied, tasks));
  }

  return {
    send: (taskName, args = [], kwargs = {}, sendOptions) => send(taskName, { args, kwargs }, sendOptions),
    task:
      <Input, Args extends object, Result>(definition: TaskDefinition<Input, Args, Result>) =>
      (input: Args, sendOptions?: SendOptions) =>
        apply(signature(definition, input), sendOptions) as TaskHandle<Awaited<Result>>,
    apply: <S extends AnySignature>(sig: S, applyOptions?: CallOptions) =>
      apply(sig, applyOptions) as HandleOf<S>,
    model: (name, sendOptions) => createModelProxy({ send, stage, bucket }, name, limited(sendOptions)),
    job: (name, sendOptions) => createJobProxy({ send, stage, bucket }, name, limited(sendOptions)),
    ping: (sendOptions) =>
      sendLimited('omegaml.tasks.omega_ping', { args: [], kwargs: systemKwargs(bucket) }, sendOptions),
    result: (taskId) => new TaskHandle(results.find(taskId), Promise.resolve(), handles.context),
    groupResult: handles.savedGroup,
    purge: (name = options.queue) => transport.purgeQueue(name),
    dead: (name = options.queue) => createDeadTasks({ transport, forgetTask }, name),
    control,
    events: (eventOptions) => listenToEvents(transport, options.closing, eventOptions),
  };
}
