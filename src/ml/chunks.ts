/** Splits work into chunks that run in threads. */
import type { Kernel } from '../contract/threads.ts';
import type { FitContext } from './estimator.ts';

/** Half-open range of trees or rows. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Runs `work` for consecutive ranges of `0..total`, as many at once as there are cores: a change of
 * `threads.cores` takes effect when the next range starts, and an abort before it. The ranges depend on
 * `size` alone, so results combined in their order are the same whatever the number of threads.
 *
 * @returns the results in the order of the ranges.
 * @throws the signal's reason once it is aborted.
 */
export async function mapChunks<Result>(
  context: FitContext,
  total: number,
  size: number,
  work: (range: Range) => Promise<Result>,
): Promise<Result[]> {
  const { threads, signal } = context;
  const results: Result[] = new Array(Math.ceil(total / size));
  const running = new Set<Promise<void>>();
  let next = 0;
  let done = 0;
  try {
    while (next < results.length || running.size > 0) {
      while (next < results.length && running.size < Math.max(1, threads.cores)) start();
      await Promise.race(running);
    }
  } finally {
    // What still runs may not be interruptible (native code): it ends before the caller goes on.
    await Promise.allSettled(running);
  }
  return results;

  function start(): void {
    signal?.throwIfAborted();
    const index = next;
    next += 1;
    const promise = chunk(index).finally(() => running.delete(promise));
    running.add(promise);
  }

  async function chunk(index: number): Promise<void> {
    const range = { start: index * size, end: Math.min(total, (index + 1) * size) };
    results[index] = await work(range);
    done += range.end - range.start;
    context.onProgress?.(done, total);
  }
}

/** Up to so many rows a kernel runs on the calling thread. */
const INLINE_ROWS = 2000;

/**
 * Runs a kernel for all rows, in chunks of `size` rows in threads; on the calling thread if there are few.
 *
 * @returns the results in the order of the chunks.
 */
export async function mapRows<Input extends { readonly rows: Range }, Output>(
  context: FitContext,
  kernel: Kernel<Input, Output>,
  rowCount: number,
  size: number,
  inputOf: (rows: Range) => Input,
): Promise<Output[]> {
  if (rowCount <= INLINE_ROWS) return [await kernel.run(inputOf({ start: 0, end: rowCount }))];
  return mapChunks(context, rowCount, size, (rows) =>
    context.threads.run(kernel, inputOf(rows), context.signal),
  );
}
