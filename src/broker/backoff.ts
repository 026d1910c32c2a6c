/** Delays between attempts: exponential, with full jitter, so that many workers do not come back at once. */

export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** What lasted this long was no failed attempt: the next delay starts from the base again. */
  readonly stableMs: number;
}

const RECONNECT: BackoffOptions = { baseMs: 200, capMs: 2_000, stableMs: 5_000 };

/** The delays of one connection, channel, queue or service. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;
  #openedAt: number | null = null;

  /** By default for what is to be reached again soon: up to 2 s. */
  constructor(options: BackoffOptions = RECONNECT) {
    this.#options = options;
  }

  /** It works; what comes next depends on how long it lasts. */
  opened(): void {
    this.#openedAt = Date.now();
  }

  /** Milliseconds to wait before the next attempt: uniform between 0 and min(cap, base · 2^attempts). */
  next(): number {
    const { baseMs, capMs, stableMs } = this.#options;
    if (this.#openedAt !== null && Date.now() - this.#openedAt >= stableMs) this.#attempts = 0;
    this.#openedAt = null;
    const ceiling = Math.min(capMs, baseMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.random() * ceiling;
  }
}
