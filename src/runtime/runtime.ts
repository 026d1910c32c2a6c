/** `om.runtime`: submits tasks to the workers and follows them. */
import type { TaskDefinition } from '../contract/task.ts';
import type { Reply, Transport } from '../contract/transport.ts';
import { type ControlClient, createControlClient } from './control-client.ts';
import { createJobProxy, type JobProxy } from './job-proxy.ts';
import { createModelProxy, type DataStage, type ModelProxy, systemKwargs } from './model-proxy.ts';
import { openOnce } from './open-once.ts';
import type { ResultReader, ResultSources } from './result-sources.ts';
import { Results } from './results.ts';
import { createSend, type Send, type SendOptions } from './send.ts';
import { TaskHandle } from './task-handle.ts';
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
  /** A handle for a task sent earlier, by any process. */
  result<Result = unknown>(taskId: string): TaskHandle<Result>;
  /** Remote control of the workers. */
  readonly control: ControlClient;
}

export interface RuntimeOptions {
  readonly transport: Transport;
  /** Reads stored results; null when no backend stores them. */
  readonly reader: ResultReader | null;
  /** Reads values that were too large for their replies. */
  readonly resolveLarge?: ResultSources['resolve'];
  /** Where data that are passed by value are stored on the way. */
  readonly stage: DataStage;
  readonly queue: string;
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
  const { transport, queue, taskTimeout, stage, bucket } = options;
  const onReply = (reply: Reply) => results.receive(reply);
  const listen = openOnce(() => transport.onReply(onReply));
  const results = new Results(options.reader, options.closing, {
    ask: createWatchRequest(transport, listen),
    ...(options.resolveLarge && { resolve: options.resolveLarge }),
  });
  const control = createControlClient(transport);
  const context = { transport, results, listen, queue, revoke: control.revoke };
  const send = createSend(context);
  const sendLimited: Send = (taskName, input, sendOptions) => {
    const softTimeLimit = sendOptions?.softTimeLimit ?? taskTimeout;
    const defaults = { softTimeLimit, timeLimit: softTimeLimit + HARD_LIMIT_GRACE };
    return send(taskName, input, sendOptions, defaults);
  };
  const proxy = { send: sendLimited, stage, bucket };

  return {
    send: (taskName, args = [], kwargs = {}, sendOptions) => send(taskName, { args, kwargs }, sendOptions),
    task: (definition) => (input, sendOptions) =>
      send(
        definition.name,
        { args: [], kwargs: Object.fromEntries(Object.entries(input)) },
        sendOptions,
        definition,
      ),
    model: (name, sendOptions) => createModelProxy(proxy, name, sendOptions),
    job: (name, sendOptions) => createJobProxy(proxy, name, sendOptions),
    ping: (sendOptions) =>
      sendLimited('omegaml.tasks.omega_ping', { args: [], kwargs: systemKwargs(bucket) }, sendOptions),
    result: (taskId) => new TaskHandle(results.find(taskId), Promise.resolve(), context),
    control,
  };
}
