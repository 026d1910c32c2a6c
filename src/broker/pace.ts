/** Sending together what can be sent together, without making the few wait for the many. */

const WINDOW_MS = 1;
/** Turns of the event loop that may send at once in one window. */
const TURNS_AT_ONCE = 2;

/**
 * Decides when to send: at once while there is little to send, once a millisecond while there is much. A
 * write to a socket costs more than what is written, so a busy worker or client writes seldom and much.
 */
export class Pace {
  readonly #send: () => void;
  #windowStart = 0;
  /** Turns of this window that have sent. */
  #turns = 0;
  /** Whether this turn has sent: more of it leaves in the same write. */
  #inTurn = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param send sends all that waits; called by {@link Pace.request}, or a millisecond later. */
  constructor(send: () => void) {
    this.#send = send;
  }

  /** Something waits to be sent. */
  request(): void {
    if (this.#timer) return;
    if (this.#inTurn || this.#mayBeginTurn()) this.#send();
    else this.#timer = setTimeout(() => this.flush(), WINDOW_MS);
  }

  /** Sends now what waits. */
  flush(): void {
    this.stop();
    this.#send();
  }

  /** Sends nothing until the next request. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #mayBeginTurn(): boolean {
    const now = performance.now();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#turns = 0;
    }
    if (this.#turns >= TURNS_AT_ONCE) return false;
    this.#turns += 1;
    this.#inTurn = true;
    setImmediate(() => {
      this.#inTurn = false;
    });
    return true;
  }
}
