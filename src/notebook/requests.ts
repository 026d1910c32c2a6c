/** The requests to one kernel that have not been answered in full, and where their outputs go. */
import { textOf } from './json-object.ts';
import { FENCE_TYPE } from './kernelspec.ts';
import type { KernelMessage } from './messages.ts';

/** Takes what the kernel publishes about one request. */
export type MessageListener = (message: KernelMessage) => void;

export interface RequestOptions {
  readonly listener?: MessageListener;
  /**
   * What ends the outputs of the request, besides its reply: the kernel's `idle` (default), a fence by its id,
   * or nothing (`reply`), because a fence follows.
   */
  readonly until?: 'idle' | 'reply' | { readonly fence: string };
}

interface Pending {
  readonly until: NonNullable<RequestOptions['until']>;
  readonly resolve: (reply: KernelMessage) => void;
  readonly reject: (error: Error) => void;
  reply: KernelMessage | null;
  /** No more outputs will come. */
  isQuiet: boolean;
}

/** Message types that are an output of a cell. */
const OUTPUT_TYPES = new Set([
  'stream',
  'display_data',
  'execute_result',
  'update_display_data',
  'clear_output',
  'error',
]);

export class Requests {
  /** By request id, oldest first. */
  readonly #pending = new Map<string, Pending>();
  /** A cell's listener stays: a background thread of it may print while a later cell runs. */
  readonly #listeners = new Map<string, MessageListener>();
  readonly #isFenced: boolean;
  #newest: MessageListener | undefined;

  /** @param isFenced outputs belong to the newest request, whatever request they name. */
  constructor(isFenced: boolean) {
    this.#isFenced = isFenced;
  }

  /** Whether some request has its reply and still waits for its last outputs. */
  get waitsForQuiet(): boolean {
    return [...this.#pending.values()].some((pending) => pending.reply !== null);
  }

  /**
   * Resolves with the reply to a request, after all of its outputs. A rejection that nobody waits for is no
   * unhandled one.
   */
  add(id: string, { listener, until = 'idle' }: RequestOptions): Promise<KernelMessage> {
    if (listener !== undefined) {
      this.#listeners.set(id, listener);
      this.#newest = listener;
    }
    const replied = new Promise<KernelMessage>((resolve, reject) => {
      this.#pending.set(id, { until, resolve, reject, reply: null, isQuiet: until === 'reply' });
    });
    replied.catch(() => undefined);
    return replied;
  }

  onReply(message: KernelMessage): void {
    const pending = this.#pending.get(message.parentId);
    if (pending === undefined) return;
    pending.reply = message;
    // Code that failed has sent no fence.
    if (typeof pending.until === 'object' && message.content.status !== 'ok') pending.isQuiet = true;
    this.#finishAnswered();
  }

  onPublished(message: KernelMessage): void {
    const listener =
      this.#isFenced && OUTPUT_TYPES.has(message.type) ? this.#newest : this.#listeners.get(message.parentId);
    listener?.(message);
    if (message.type === FENCE_TYPE) this.#onFence(textOf(message.content.id));
    if (message.type === 'status' && message.content.execution_state === 'idle') {
      this.#onIdle(message.parentId);
    }
    this.#finishAnswered();
  }

  /** Rejects everything that is open. */
  fail(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #onFence(id: string): void {
    for (const pending of this.#pending.values()) {
      if (typeof pending.until === 'object' && pending.until.fence === id) pending.isQuiet = true;
    }
  }

  /** Requests are run in order, so that an idle message which got lost is made up for by the next one. */
  #onIdle(id: string): void {
    if (!this.#pending.has(id)) return;
    for (const [each, pending] of this.#pending) {
      if (pending.until === 'idle') pending.isQuiet = true;
      if (each === id) return;
    }
  }

  #finishAnswered(): void {
    for (const [id, { reply, isQuiet, resolve }] of this.#pending) {
      if (reply === null || !isQuiet) continue;
      this.#pending.delete(id);
      resolve(reply);
    }
  }
}
