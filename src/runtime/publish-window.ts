/** How much may be on its way to the broker at once. */

/** Below the broker connection's own limits (broker/publisher.ts), beyond which it refuses. */
const MAX_MESSAGES = 20_000;
const MAX_BYTES = 64 * 2 ** 20;

/** Publishing waits here while there is too much unconfirmed; first come, first served. */
export class PublishWindow {
  #messages = 0;
  #bytes = 0;
  readonly #waiting: (() => void)[] = [];

  /** Resolves when a message may be published, which then counts until it leaves. */
  async enter(): Promise<void> {
    if (this.#isFull() || this.#waiting.length > 0) await this.#turn();
    this.#messages += 1;
  }

  /** Counts the bytes of a message that has entered. */
  add(bytes: number): void {
    this.#bytes += bytes;
    this.#wake();
  }

  leave(bytes: number): void {
    this.#messages -= 1;
    this.#bytes -= bytes;
    this.#wake();
  }

  #isFull(): boolean {
    return this.#messages >= MAX_MESSAGES || this.#bytes >= MAX_BYTES;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** One at a time: the next is woken when it is known how large the one before it is. */
  #wake(): void {
    if (!this.#isFull()) this.#waiting.shift()?.();
  }
}
