/** Lets a limited number of calls through at a time, the others in the order of their coming. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #inside = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** A higher limit lets waiting calls in at once; a lower one waits until enough have left. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#admit();
  }

  /** @throws the signal's reason when it is aborted before the call is let in. */
  async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#inside < this.#limit) this.#inside += 1;
    else await this.#wait(signal);
  }

  leave(): void {
    this.#inside -= 1;
    this.#admit();
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(enter);
    });
  }

  #admit(): void {
    while (this.#inside < this.#limit) {
      const enter = this.#waiting.shift();
      if (!enter) return;
      this.#inside += 1;
      enter();
    }
  }
}
