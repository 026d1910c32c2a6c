import { MessageTooLarge } from '../errors.ts';

/** How many bytes are left for values that are read to be held together. */
export class ValueRoom {
  readonly #limit: number;
  #left: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** @throws MessageTooLarge if there is no room for this one any more. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    throw new MessageTooLarge(
      `the results are too large together to be passed on, the limit is ${this.#limit} bytes: store them as datasets and return their names`,
    );
  }
}
