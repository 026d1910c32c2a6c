/** Delays between attempts: exponential, with full jitter, so that many workers do not come back at once. */

const BASE_MS = 200;
const CAP_MS = 2_000;
/** What lasted this long was no failed attempt: the next delay starts from the base again. */
const STABLE_MS = 5_000;

/** The delays of one connection, channel or queue. */
export class Backoff {
  #attempts = 0;
  #openedAt: number | null = null;

  /** It works; what comes next depends on how long it lasts. */
  opened(): void {
    this.#openedAt = Date.now();
  }

  /** Milliseconds to wait before the next attempt: uniform between 0 and min(2 s, 200 ms · 2^attempts). */
  next(): number {
    if (this.#openedAt !== null && Date.now() - this.#openedAt >= STABLE_MS) this.#attempts = 0;
    this.#openedAt = null;
    const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.random() * ceiling;
  }
}
