/** Kernels in real threads. */
import { expect, onTestFinished, test } from 'vitest';
import type { Kernel, Threads } from '../../src/contract/threads.ts';
import { InvalidData } from '../../src/errors.ts';
import { allocateFloat64 } from '../../src/frame/allocation.ts';
import { collectGarbage } from '../../src/frame/garbage.ts';
import { linearPredictKernel } from '../../src/ml/linear-state.ts';
import { theilSenKernel } from '../../src/ml/robust.ts';
import { createThreads } from '../../src/threads/thread-pool.ts';

const COLUMN_BYTES = 2 ** 24;

function useThreads(cores = 2) {
  const threads = createThreads({ maxThreads: 2, cores });
  onTestFinished(() => threads.close());
  return threads;
}

const line = {
  x: Float64Array.of(0, 1, 2, 3),
  y: Float64Array.of(1, 3, 5, 7),
  options: { maxPairs: 100, seed: 1 },
};

test('a kernel gives in a thread what it gives here', async () => {
  const threads = useThreads();
  expect(await threads.run(theilSenKernel, line)).toEqual(await theilSenKernel.run(line));
});

// Not always on a machine that is busy: a new thread may keep them (docs/architecture.md, Limits).
test('a thread lets go of the columns of its last call', { retry: 4 }, async () => {
  const threads = useThreads(1);
  const before = process.memoryUsage().arrayBuffers;
  await sumOfColumns(threads);
  await expect
    .poll(
      () => {
        collectGarbage();
        return process.memoryUsage().arrayBuffers - before;
      },
      { timeout: 5_000 },
    )
    .toBeLessThan(COLUMN_BYTES / 2);
});

/** What is shared belongs to this function alone. */
async function sumOfColumns(threads: Threads): Promise<void> {
  const values = allocateFloat64(COLUMN_BYTES / 8);
  const output = [allocateFloat64(COLUMN_BYTES / 8)];
  const rows = { start: 0, end: values.length };
  const weights = { weights: Float64Array.of(2), intercepts: Float64Array.of(1) };
  await threads.run(linearPredictKernel, { columns: [values], rows, output, ...weights });
  expect(output[0]?.at(-1)).toBe(1);
}

test('a kernel that a thread does not know is named', async () => {
  const unknown: Kernel<null, null> = { name: 'no-such-kernel', run: () => null };
  await expect(useThreads().run(unknown, null)).rejects.toThrow("no kernel 'no-such-kernel'");
});

test('an input that cannot be copied to a thread is refused', async () => {
  const unclonable = { ...line, y: (() => 1) as unknown as Float64Array };
  await expect(useThreads().run(theilSenKernel, unclonable)).rejects.toThrow('could not be cloned');
});

test('calls beyond the cores wait, and are refused when their signal is aborted', async () => {
  const threads = useThreads(1);
  const controller = new AbortController();
  const first = threads.run(theilSenKernel, line, controller.signal);
  const second = threads.run(theilSenKernel, line, controller.signal);
  const refused = expect(second).rejects.toThrow(InvalidData);
  controller.abort(new InvalidData('enough'));
  await refused;
  expect(await first).toEqual(await theilSenKernel.run(line));
});

test('the cores never exceed the threads', () => {
  const threads = useThreads(1);
  threads.cores = 64;
  expect(threads.cores).toBe(2);
});
