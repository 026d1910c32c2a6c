import { expect, test } from 'vitest';
import { shareCores } from '../../../src/executors/cores.ts';

test.each([
  [4, 1, [4]],
  [4, 2, [2, 2]],
  [4, 3, [2, 1, 1]],
  [2, 3, [1, 1, 1]],
  [4, 0, []],
])('%i cores for %i busy executors are shared as %j', (cores, executors, shares) => {
  expect(shareCores(cores, executors)).toEqual(shares);
});
