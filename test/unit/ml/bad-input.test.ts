import { describe, expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import type { DataFrame } from '../../../src/frame/data-frame.ts';
import { score } from '../../../src/ml/scoring.ts';
import { contextOf, fitted, frame, predicted } from '../../support/ml-fixtures.ts';

const CLASSIFIERS = ['RandomForestClassifier', 'LogisticRegression'];
const REGRESSIONS = [
  'RandomForestRegression',
  'MultivariateLinearRegression',
  'Ridge',
  'KernelRidgeRegression',
  'SimpleLinearRegression',
];
const ALL = [...CLASSIFIERS, ...REGRESSIONS];
const TABLES = ALL.filter((name) => name !== 'SimpleLinearRegression');
const FORESTS = ['RandomForestClassifier', 'RandomForestRegression'];

const X = frame({ x: [1, 2, 3, 4, 5, 6] });

/** What such an estimator can be fitted to. */
function targetOf(name: string): DataFrame {
  return CLASSIFIERS.includes(name)
    ? frame({ y: ['a', 'a', 'a', 'b', 'b', 'b'] })
    : frame({ y: [1, 2, 3, 4, 5, 7] });
}

async function predictsLabelsOrNumbers(name: string, rows: DataFrame): Promise<void> {
  const values = await predicted(await fitted(name, rows, targetOf(name)), rows);
  for (const value of values) expect(typeof value === 'string' || Number.isFinite(value)).toBe(true);
}

async function expectRefused(call: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(call).rejects.toThrow(InvalidData);
  await expect(call).rejects.toThrow(message);
}

describe.each(ALL)('%s refuses', (name) => {
  it.each([
    ['strings where the fit had numbers', frame({ x: ['a', 'b'] }), /column 'x' holds string/],
    ['a column that changes its type half-way', frame({ x: [1, 2, 'three'] }), /column 'x'/],
    [
      'an infinite number',
      frame({ x: [1, Number.POSITIVE_INFINITY] }),
      /column 'x' has 1 infinite values in 2 rows/,
    ],
    ['no rows', frame({ x: [] }), /no rows/],
    ['the columns of another model', frame({ z: [1] }), /X lacks x and has z, unknown to the model/],
    ['a column more', frame({ x: [1], z: [1] }), /X has z, unknown to the model/],
  ])('to predict from %s', async (_, rows, message) => {
    await expectRefused(predicted(await fitted(name, X, targetOf(name)), rows), message);
  });

  it.each([
    [
      'a column that changes its type half-way',
      frame({ x: [1, 2, 3, 'four', 5, 6] }),
      /column 'x' holds values of different types/,
    ],
    [
      'an infinite number',
      frame({ x: [1, 2, 3, 4, 5, Number.NEGATIVE_INFINITY] }),
      /column 'x' has 1 infinite values/,
    ],
    ['fewer labels than rows', frame({ x: [1, 2, 3] }), /X has 3 rows and y has 6/],
  ])('to be fitted to %s', async (_, rows, message) => {
    await expectRefused(fitted(name, rows, targetOf(name)), message);
  });

  it('to be fitted to no rows', async () => {
    await expectRefused(fitted(name, frame({ x: [] }), frame({ y: [] })), /no rows|no label/);
  });
});

describe.each(REGRESSIONS)('%s refuses', (name) => {
  it.each([
    [
      'an infinite number in y',
      frame({ y: [1, 2, 3, 4, 5, Number.POSITIVE_INFINITY] }),
      /column 'y' of y has 1 infinite/,
    ],
    ['strings in y', frame({ y: ['a', 'b', 'c', 'd', 'e', 'f'] }), /column 'y'/],
    ['missing numbers in y', frame({ y: [1, 2, 3, 4, 5, null] }), /column 'y' of y has no label in 1 of 6/],
  ])('%s', async (_, y, message) => {
    await expectRefused(fitted(name, X, y), message);
  });
});

describe('missing numbers', () => {
  const holes = frame({ x: [1, null, 3, 4, 5, 6] });

  it.each(FORESTS)('are learned from by %s', async (name) => {
    await predictsLabelsOrNumbers(name, holes);
  });

  it.each(ALL.filter((name) => !FORESTS.includes(name)))('are refused by %s', async (name) => {
    await expectRefused(fitted(name, holes, targetOf(name)), /column 'x' has 1 missing values in 6 rows/);
  });
});

describe('classes', () => {
  it('that only test rows have count as wrong answers', async () => {
    for (const name of CLASSIFIERS) {
      const { estimator, state } = await fitted(name, X, targetOf(name));
      const y = frame({ y: ['a', 'a', 'a', 'b', 'b', 'new'] });
      expect((await score(estimator, state, X, y, contextOf())).value).toBeCloseTo(5 / 6, 12);
    }
  });

  it('of which there is one only are predicted by a forest, and refused by a LogisticRegression', async () => {
    const y = frame({ y: ['a', 'a', 'a', 'a', 'a', 'a'] });
    expect(await predicted(await fitted('RandomForestClassifier', X, y), X)).toEqual(Array(6).fill('a'));
    await expectRefused(fitted('LogisticRegression', X, y), /only the label a/);
  });
});

describe('columns', () => {
  it.each(TABLES)('may be more than rows in %s', async (name) => {
    const columns = Array.from({ length: 10 }, (_, i) => [
      `x${i}`,
      [1, 2, 3, 4, 5, 6].map((v) => (v * (i + 3)) % 7),
    ]);
    await predictsLabelsOrNumbers(name, frame(Object.fromEntries(columns)));
  });

  it.each(TABLES)('may be constant in %s', async (name) => {
    await predictsLabelsOrNumbers(
      name,
      frame({ x: [1, 2, 3, 4, 5, 6], same: [0.1, 0.1, 0.1, 0.1, 0.1, 0.1] }),
    );
  });

  it('may all be constant in a SimpleLinearRegression, which predicts the mean', async () => {
    const same = frame({ x: [0.1, 0.1, 0.1] });
    const model = await fitted('SimpleLinearRegression', same, frame({ y: [1, 2, 6] }));
    expect(await predicted(model, same)).toEqual([3, 3, 3].map((mean) => expect.closeTo(mean, 12)));
  });
});
