/** Writes in batches: what arrives while one is being written goes together into the next. */

interface Pending<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchOptions<Item> {
  /** Most items in a batch. */
  readonly limit: number;
  /** Items of one key are written one after the other, in the order they came. */
  readonly key: (item: Item) => string;
  /** Writes a batch; answers per item with the error it ended in, or null. A throw counts for all of them. */
  readonly write: (items: readonly Item[]) => Promise<readonly unknown[]>;
}

/** A queue of writes with at most one batch on its way. */
export class BatchWriter<Item> {
  readonly #options: BatchOptions<Item>;
  #waiting: Pending<Item>[] = [];
  #running: Promise<void> | null = null;

  constructor(options: BatchOptions<Item>) {
    this.#options = options;
  }

  /** Resolves when this item is written, rejects with its own error. */
  add(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting and nothing is on its way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Whatever is added in this turn of the event loop belongs to the first batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeBatch(this.#take());
    this.#running = null;
  }

  /** The first items with different keys; the others keep their places. */
  #take(): Pending<Item>[] {
    const keys = new Set<string>();
    const batch: Pending<Item>[] = [];
    const rest: Pending<Item>[] = [];
    for (const pending of this.#waiting) {
      const key = this.#options.key(pending.item);
      const isNext = batch.length < this.#options.limit && !keys.has(key);
      (isNext ? batch : rest).push(pending);
      keys.add(key);
    }
    this.#waiting = rest;
    return batch;
  }

  async #writeBatch(batch: readonly Pending<Item>[]): Promise<void> {
    try {
      const errors = await this.#options.write(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, index) => {
        const error = errors[index] ?? null;
        if (error === null) resolve();
        else reject(error);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
