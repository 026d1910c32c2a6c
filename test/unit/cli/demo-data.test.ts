import { expect, it } from 'vitest';
import { readDiamonds, readPenguins, splitRows } from '../../../src/cli/demo/data.ts';
import { isHeldOut } from '../../../src/cli/demo/held-out.ts';

it('penguins have no missing value', async () => {
  const penguins = await readPenguins();
  expect(penguins.rowCount).toBe(333);
  expect(penguins.columnNames).toEqual([
    'species',
    'island',
    'bill_length_mm',
    'bill_depth_mm',
    'flipper_length_mm',
    'body_mass_g',
    'sex',
    'year',
  ]);
});

it('diamonds all have a size', async () => {
  const diamonds = await readDiamonds();
  expect(diamonds.rowCount).toBe(53_920);
  const { values } = diamonds.column('z');
  expect(Array.from(values, Number).every((size) => size > 0)).toBe(true);
});

it('a split has every row once, about a fifth of them held out', async () => {
  const diamonds = await readDiamonds();
  const { train, test } = splitRows(diamonds, 7);
  expect(train.rowCount + test.rowCount).toBe(diamonds.rowCount);
  expect(test.rowCount / diamonds.rowCount).toBeCloseTo(0.2, 2);
});

it('which rows are held out depends on the seed alone', () => {
  const heldOut = (seed: number) =>
    Array.from({ length: 20 }, (_, row) => row).filter((row) => isHeldOut(row, seed));
  expect(heldOut(1)).toEqual(heldOut(1));
  expect(heldOut(1)).not.toEqual(heldOut(2));
});
