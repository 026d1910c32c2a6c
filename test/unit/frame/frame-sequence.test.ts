import { expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import { DataFrame } from '../../../src/frame/data-frame.ts';
import { sideBySide } from '../../../src/frame/frame-sequence.ts';

/** The numbers from 0 on, in frames of these sizes. */
async function* frames(...sizes: readonly number[]): AsyncGenerator<DataFrame> {
  let next = 0;
  for (const size of sizes) {
    yield DataFrame.fromObject({ n: Array.from({ length: size }, (_, i) => next + i) });
    next += size;
  }
}

async function pairs(left: readonly number[], right: readonly number[]): Promise<unknown[]> {
  const steps: unknown[] = [];
  for await (const [a, b] of sideBySide(frames(...left), frames(...right))) {
    steps.push([a.toRows().map(({ n }) => n), b.toRows().map(({ n }) => n)]);
  }
  return steps;
}

it('gives as many rows of one table as of the other, however each is cut', async () => {
  expect(await pairs([3, 0, 2], [1, 4])).toEqual([
    [[0], [0]],
    [
      [1, 2],
      [1, 2],
    ],
    [
      [3, 4],
      [3, 4],
    ],
  ]);
});

it('gives nothing of two empty tables', async () => {
  expect(await pairs([], [0])).toEqual([]);
});

it.each([
  [[2], [3]],
  [[3], [2]],
])('refuses tables of %j and %j rows', async (left, right) => {
  await expect(pairs(left, right)).rejects.toThrow(InvalidData);
});
