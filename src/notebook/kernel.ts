/** A running Jupyter kernel: its process and the channels to it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KernelDied } from '../errors.ts';
import { type Channels, openChannels } from './channels.ts';
import { chooseConnection, type KernelConnection, writeConnectionFile } from './connection.ts';
import { type JsonObject, objectOf } from './json-object.ts';
import {
  type ChildEvent,
  type KernelExit,
  type KernelProcess,
  startKernelProcess,
} from './kernel-process.ts';
import type { KernelSpec } from './kernelspec.ts';
import type { KernelMessage } from './messages.ts';
import { dieWithParent } from './parent-death.ts';
import { type MessageListener, type RequestOptions, Requests } from './requests.ts';

export interface KernelOptions {
  /** Private folder for the connection file and the sockets. */
  readonly folder: string;
  readonly cwd: string;
  /** The whole environment of the kernel. */
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds that it may take to be ready. */
  readonly startTimeoutMs: number;
  /** Milliseconds without a heartbeat after which it counts as frozen. Default 30,000. */
  readonly silenceLimitMs?: number;
  /** Aborting kills the kernel; what waits for it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onChild?: ((event: ChildEvent) => void) | undefined;
}

/** How often the kernel is started anew when somebody else took one of the ports chosen for it. */
const START_ATTEMPTS = 4;
const GREETING_INTERVAL_MS = 100;
const DEFAULT_SILENCE_LIMIT_MS = 30_000;
const BEATS_PER_LIMIT = 10;

/** A connection ends shortly before the process does; its exit says more. */
const EXIT_GRACE_MS = 1000;

/**
 * Starts a kernel and waits until it answers on all channels.
 *
 * @throws KernelDied when it does not, MissingDependency when it lacks a package, the signal's reason.
 */
export async function startKernel(spec: KernelSpec, options: KernelOptions): Promise<Kernel> {
  for (let attempt = 1; ; attempt += 1) {
    const connection = await chooseConnection(spec.transport, options.folder);
    const kernel = new Kernel(spec, options, await launch(spec, connection, options));
    try {
      await kernel.connect(connection);
      return kernel;
    } catch (error) {
      const { stderr } = await kernel.close();
      if (attempt === START_ATTEMPTS || !/address already in use/i.test(stderr)) throw error;
    }
  }
}

async function launch(
  spec: KernelSpec,
  connection: KernelConnection,
  { folder, cwd, env, onChild }: KernelOptions,
): Promise<KernelProcess> {
  const file = join(folder, 'connection.json');
  await writeConnectionFile(connection, file);
  const command = spec.argv.map((part) => part.replace('{connection_file}', file));
  const wrapper = await dieWithParent(env.PATH ?? '');
  return startKernelProcess({
    argv: [...wrapper, ...command],
    cwd,
    // ipykernel ends by itself when this process is no longer its parent.
    env: { ...env, JPY_PARENT_PID: String(process.pid) },
    onChild,
  });
}

/** Made by {@link startKernel}. */
export class Kernel {
  readonly #spec: KernelSpec;
  readonly #options: KernelOptions;
  readonly #process: KernelProcess;
  readonly #requests: Requests;
  /** Aborted, with the error as its reason, when the kernel is of no more use. */
  readonly #failure = new AbortController();
  readonly #onAbort = () => this.#fail(asError(this.#options.signal?.reason));
  #channels: Channels | undefined;
  #isReady = false;
  #languageInfo: JsonObject = {};
  #pulse: NodeJS.Timeout | undefined;
  #unansweredBeats = 0;

  constructor(spec: KernelSpec, options: KernelOptions, process: KernelProcess) {
    this.#spec = spec;
    this.#options = options;
    this.#process = process;
    this.#requests = new Requests(spec.fence !== undefined);
    void process.exited.then((exit) => this.#fail(this.#explain(exit)));
    options.signal?.addEventListener('abort', this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
  }

  /** What the kernel says of its language, for the notebook's `metadata.language_info`. */
  get languageInfo(): JsonObject {
    return this.#languageInfo;
  }

  /** Waits until the kernel answers. Called once, by {@link startKernel}. */
  async connect(connection: KernelConnection): Promise<void> {
    const { startTimeoutMs } = this.#options;
    const timer = setTimeout(() => this.#fail(this.#notReady(startTimeoutMs)), startTimeoutMs);
    try {
      this.#channels = await openChannels(connection, this.#listener(), this.#failure.signal);
      const { content } = await this.#greet();
      this.#languageInfo = objectOf(content.language_info);
      const { prelude } = this.#spec;
      if (prelude !== undefined) await this.#request('execute_request', execution(prelude, { silent: true }));
      this.#isReady = true;
      this.#startPulse();
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Runs code and resolves with the kernel's `execute_reply` when all of its outputs have been handed to
   * `listener`.
   *
   * @throws KernelDied, or the reason of the signal given to {@link startKernel}.
   */
  async execute(code: string, listener: MessageListener): Promise<KernelMessage> {
    const { fence } = this.#spec;
    if (fence === undefined) return this.#request('execute_request', execution(code), { listener });
    const options = { listener, until: 'reply' } as const;
    const reply = await this.#request('execute_request', execution(code), options);
    const id = randomUUID();
    await this.#request('execute_request', execution(fence(id), { silent: true }), { until: { fence: id } });
    return reply;
  }

  /** Asks the kernel to stop what it executes; it need not obey. */
  interrupt(): void {
    if (this.#spec.interruptMode === 'signal') this.#process.signal('SIGINT');
    else this.#channels?.send('control', 'interrupt_request', {});
  }

  /** Kills the kernel with its process group and waits for its end. */
  async close(): Promise<KernelExit> {
    this.#fail(new KernelDied('The kernel was stopped.'));
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#channels?.close();
    return this.#process.exited;
  }

  #listener() {
    return {
      onReply: (message: KernelMessage) => this.#requests.onReply(message),
      onPublished: (message: KernelMessage) => this.#requests.onPublished(message),
      onBeat: () => (this.#unansweredBeats = 0),
      onEnd: (error: Error) => void this.#onDisconnect(error),
    };
  }

  #request(type: string, content: JsonObject, options: RequestOptions = {}): Promise<KernelMessage> {
    this.#failure.signal.throwIfAborted();
    const id = this.#channels?.send('shell', type, content) ?? '';
    return this.#requests.add(id, options);
  }

  /** What a kernel publishes before our subscription has reached it is lost: ask until something arrives. */
  async #greet(): Promise<KernelMessage> {
    while (true) {
      const reply = this.#request('kernel_info_request', {});
      const greeted = await Promise.race([reply, sleep(GREETING_INTERVAL_MS)]);
      if (greeted !== undefined) return greeted;
    }
  }

  #startPulse(): void {
    const limitMs = this.#options.silenceLimitMs ?? DEFAULT_SILENCE_LIMIT_MS;
    this.#pulse = setInterval(() => this.#onPulse(limitMs), limitMs / BEATS_PER_LIMIT);
  }

  #onPulse(limitMs: number): void {
    if (this.#unansweredBeats >= BEATS_PER_LIMIT && this.#spec.beatsWhileBusy) {
      this.#fail(new KernelDied(`The ${this.#name} gave no sign of life for ${limitMs / 1000} s.`));
      return;
    }
    if (this.#unansweredBeats === 0) this.#channels?.beat();
    this.#unansweredBeats += 1;
    // The idle message of a request may have been dropped by the kernel's send queue; the next one replaces it.
    if (this.#requests.waitsForQuiet) void this.#request('kernel_info_request', {});
  }

  async #onDisconnect(error: Error): Promise<void> {
    await Promise.race([this.#process.exited, sleep(EXIT_GRACE_MS, undefined, { ref: false })]);
    this.#fail(error);
  }

  #fail(error: Error): void {
    if (this.#failure.signal.aborted) return;
    clearInterval(this.#pulse);
    this.#failure.abort(error);
    this.#process.signal('SIGKILL');
    this.#requests.fail(error);
  }

  #explain({ cause, stderr }: KernelExit): Error {
    const words = stderr === '' ? 'It wrote nothing to stderr.' : `The end of its stderr: ${stderr}`;
    if (this.#isReady) {
      return new KernelDied(
        `The ${this.#name} died with ${cause}: out of memory, a crash, or the notebook ended it. ${words}`,
      );
    }
    const explained = this.#spec.explainExit?.(stderr);
    return explained ?? new KernelDied(`The ${this.#name} ended with ${cause} before it was ready. ${words}`);
  }

  #notReady(timeoutMs: number): KernelDied {
    return new KernelDied(`The ${this.#name} was not ready within ${(timeoutMs / 1000).toFixed(1)} s.`);
  }

  get #name(): string {
    return `kernel "${this.#spec.name}"`;
  }
}

function execution(code: string, { silent = false } = {}): JsonObject {
  return {
    code,
    silent,
    store_history: !silent,
    user_expressions: {},
    allow_stdin: false,
    stop_on_error: true,
  };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new KernelDied(`The run was stopped: ${String(reason)}`);
}
