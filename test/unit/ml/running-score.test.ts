import { expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import { DataFrame } from '../../../src/frame/data-frame.ts';
import { r2Score } from '../../../src/ml/scores/regression.ts';
import { runningAccuracy, runningR2 } from '../../../src/ml/scores/running-score.ts';

const BLOCK = 100;

it('R² of blocks is that of all rows, also far from zero', () => {
  const truth = Array.from({ length: 1_000 }, (_, row) => 1e6 + Math.sin(row));
  const predicted = truth.map((value, row) => value + Math.cos(row) / 3);
  const score = runningR2();
  for (let start = 0; start < truth.length; start += BLOCK) {
    const rows = (values: readonly number[]) =>
      DataFrame.fromObject({ y: values.slice(start, start + BLOCK) });
    score.add(rows(truth), rows(predicted));
  }
  expect(score.value).toBeCloseTo(r2Score(truth, predicted), 9);
});

it('R² of several targets is their mean', () => {
  const score = runningR2();
  score.add(
    DataFrame.fromObject({ a: [1, 2, 3], b: [1, 2, 3] }),
    DataFrame.fromObject({ a: [1, 2, 3], b: [2, 2, 2] }),
  );
  expect(score.value).toBe(0.5);
});

it('accuracy of blocks is that of all rows', () => {
  const score = runningAccuracy();
  score.add(DataFrame.fromObject({ y: ['a', 'b'] }), DataFrame.fromObject({ y: ['a', 'a'] }));
  score.add(DataFrame.fromObject({ y: ['b', 'c'] }), DataFrame.fromObject({ y: ['b', 'c'] }));
  expect(score.value).toBe(0.75);
});

it('accuracy of blocks takes true for 1, as that of all rows does', () => {
  const score = runningAccuracy();
  score.add(DataFrame.fromObject({ y: [true, false] }), DataFrame.fromObject({ y: [1, 0] }));
  score.add(DataFrame.fromObject({ y: [0, 1] }), DataFrame.fromObject({ y: [false, false] }));
  expect(score.value).toBe(0.75);
});

it('accuracy of blocks refuses numbers beside strings', () => {
  const add = () =>
    runningAccuracy().add(DataFrame.fromObject({ y: [0, 1] }), DataFrame.fromObject({ y: ['0', '1'] }));
  expect(add).toThrow(InvalidData);
  expect(add).toThrow(/same type/);
});

it('R² of blocks finds the targets by their names', () => {
  const score = runningR2();
  score.add(
    DataFrame.fromObject({ b: [9, 8, 3], a: [1, 2, 3] }),
    DataFrame.fromObject({ a: [1, 2, 3], b: [9, 8, 3] }),
  );
  expect(score.value).toBe(1);
});

it.each([
  ['other targets', { a: [1, 2], c: [1, 2] }, { a: [1, 2], b: [1, 2] }, /predicts a, b/],
  ['more targets than are predicted', { a: [1, 2], b: [1, 2] }, { a: [1, 2] }, /y has 2 columns and .* 1/],
  ['fewer targets than are predicted', { a: [1, 2] }, { a: [1, 2], b: [1, 2] }, /y has 1 columns and .* 2/],
])('R² of blocks refuses %s', (_, y, predicted, message) => {
  const add = () => runningR2().add(DataFrame.fromObject(y), DataFrame.fromObject(predicted));
  expect(add).toThrow(InvalidData);
  expect(add).toThrow(message);
});
