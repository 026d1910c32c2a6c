import { describe, expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import type { DataFrame } from '../../../src/frame/data-frame.ts';
import { estimators } from '../../../src/ml/estimators.ts';
import { score } from '../../../src/ml/scoring.ts';
import { contextOf, type Fitted, fitted, frame, predicted } from '../../support/ml-fixtures.ts';

const CLASSIFIERS = ['RandomForestClassifier', 'LogisticRegression'];
const FORESTS = ['RandomForestClassifier', 'RandomForestRegression'];
/** Of two columns, not one. */
const SURFACE = 'PolynomialFitRegression2D';
const CURVES = [
  'SimpleLinearRegression',
  'PolynomialRegression',
  'ExponentialRegression',
  'PowerRegression',
  'PotentialRegression',
  'TheilSenRegression',
  'RobustPolynomialRegression',
  SURFACE,
];
const ALL = [...estimators.keys()];
const REGRESSIONS = ALL.filter((name) => !CLASSIFIERS.includes(name));
const TABLES = ALL.filter((name) => !CURVES.includes(name));

const COUNT = [1, 2, 3, 4, 5, 6];

/** Rows of what such an estimator can be fitted to, but for the column `x`. */
function rowsOf(name: string, x: readonly unknown[]): DataFrame {
  return name === SURFACE ? frame({ x, w: x.map((_, row) => [1, 3, 2, 5, 4, 4][row]) }) : frame({ x });
}

/** What such an estimator can be fitted to. */
function targetOf(name: string): DataFrame {
  return CLASSIFIERS.includes(name)
    ? frame({ y: ['a', 'a', 'a', 'b', 'b', 'b'] })
    : frame({ y: [1, 2, 3, 4, 5, 7] });
}

function fittedWell(name: string): Promise<Fitted> {
  return fitted(name, rowsOf(name, COUNT), targetOf(name));
}

async function predictsLabelsOrNumbers(name: string, rows: DataFrame): Promise<void> {
  const values = await predicted(await fitted(name, rows, targetOf(name)), rows);
  for (const value of values) expect(value).toSatisfy(isLabelOrNumber);
}

function isLabelOrNumber(value: unknown): boolean {
  return typeof value === 'string' || Number.isFinite(value);
}

/** Nothing where the data are refused. */
async function orRefused(predicting: Promise<unknown[]>): Promise<unknown[]> {
  return predicting.catch((error: unknown) => {
    expect(error).toBeInstanceOf(InvalidData);
    return [];
  });
}

async function expectRefused(call: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(call).rejects.toThrow(InvalidData);
  await expect(call).rejects.toThrow(message);
}

describe.each(ALL)('%s', (name) => {
  it.each([
    ['strings where the fit had numbers', ['a', 'b'], /column 'x' holds string/],
    ['dates where the fit had numbers', [new Date(0), new Date(1)], /column 'x' holds datetime/],
    ['a column that changes its type half-way', [1, 2, 'three'], /column 'x'/],
    ['an infinite number', [1, Number.POSITIVE_INFINITY], /column 'x' has 1 infinite values in 2 rows/],
    ['no rows', [], /no rows/],
  ])('refuses to predict from %s', async (_, x, message) => {
    await expectRefused(predicted(await fittedWell(name), rowsOf(name, x)), message);
  });

  it.each([
    ['the columns of another model', { z: [1], w: [1] }, /X lacks x/],
    ['a column more', { x: [1], w: [1], z: [1] }, /X has (w, )?z, unknown to the model/],
  ])('refuses to predict from %s', async (_, columns, message) => {
    await expectRefused(predicted(await fittedWell(name), frame(columns)), message);
  });

  it.each([
    [
      'a column that changes its type half-way',
      [1, 2, 3, 'four', 5, 6],
      /column 'x' holds values of different types/,
    ],
    ['an infinite number', [1, 2, 3, 4, 5, Number.NEGATIVE_INFINITY], /column 'x' has 1 infinite values/],
    ['fewer labels than rows', [1, 2, 3], /X has 3 rows and y has 6/],
  ])('refuses to be fitted to %s', async (_, x, message) => {
    await expectRefused(fitted(name, rowsOf(name, x), targetOf(name)), message);
  });

  it('is fitted to numbers whose squares are beyond the range of doubles, or refuses them', async () => {
    const X = rowsOf(name, [1, 2, 3, 4, 5, 1e200]);
    const values = await orRefused(fitted(name, X, targetOf(name)).then((model) => predicted(model, X)));
    for (const value of values) expect(value).toSatisfy(isLabelOrNumber);
    if (!CURVES.includes(name)) expect(values).not.toEqual(Array(6).fill(values[0]));
  });

  it('refuses to be fitted to no rows', async () => {
    await expectRefused(fitted(name, rowsOf(name, []), frame({ y: [] })), /no rows|no label/);
  });
});

describe.each(REGRESSIONS)('%s', (name) => {
  it.each([
    [
      'an infinite number in y',
      frame({ y: [1, 2, 3, 4, 5, Number.POSITIVE_INFINITY] }),
      /column 'y' of y has 1 infinite/,
    ],
    ['strings in y', frame({ y: ['a', 'b', 'c', 'd', 'e', 'f'] }), /column 'y'/],
    ['missing numbers in y', frame({ y: [1, 2, 3, 4, 5, null] }), /column 'y' of y has no label in 1 of 6/],
    ['a y that changes its type half-way', frame({ y: [1, 2, 3, 'four', 5, 6] }), /column 'y'/],
  ])('refuses %s', async (_, y, message) => {
    await expectRefused(fitted(name, rowsOf(name, COUNT), y), message);
  });
});

describe.each(CLASSIFIERS)('%s', (name) => {
  it.each([
    ['labels of several types', frame({ y: ['a', 'a', 'a', 1, 1, 1] }), /column 'y' holds object values/],
    ['labels that are no whole numbers', frame({ y: [0.5, 0.5, 1, 1, 1, 1] }), /the label 0.5/],
    [
      'missing labels',
      frame({ y: ['a', null, 'a', 'b', 'b', 'b'] }),
      /column 'y' of y has no label in 1 of 6/,
    ],
  ])('refuses %s', async (_, y, message) => {
    await expectRefused(fitted(name, rowsOf(name, COUNT), y), message);
  });
});

describe('missing numbers', () => {
  const holes = [1, null, 3, 4, 5, 6];

  it.each(FORESTS)('in X are learned from by %s', async (name) => {
    await predictsLabelsOrNumbers(name, frame({ x: holes }));
  });

  it.each(ALL.filter((name) => !FORESTS.includes(name)))('in X are refused by %s', async (name) => {
    const fit = fitted(name, rowsOf(name, holes), targetOf(name));
    await expectRefused(fit, /column 'x' has 1 missing values in 6 rows/);
  });
});

describe('classes', () => {
  it('that only test rows have count as wrong answers', async () => {
    for (const name of CLASSIFIERS) {
      const { estimator, state } = await fittedWell(name);
      const [X, y] = [frame({ x: COUNT }), frame({ y: ['a', 'a', 'a', 'b', 'b', 'new'] })];
      expect((await score(estimator, state, X, y, contextOf())).value).toBeCloseTo(5 / 6, 12);
    }
  });

  it('of which there is one only are predicted by a forest, and refused by a LogisticRegression', async () => {
    const [X, y] = [frame({ x: COUNT }), frame({ y: ['a', 'a', 'a', 'a', 'a', 'a'] })];
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

  it.each(CURVES)('may be constant in %s, or it says that there is nothing to find', async (name) => {
    const same = rowsOf(name, [2, 2, 2, 2, 2, 2]);
    const values = await orRefused(
      fitted(name, same, targetOf(name)).then((model) => predicted(model, same)),
    );
    for (const value of values) expect(value).toSatisfy(isLabelOrNumber);
  });

  it('may all be constant in a SimpleLinearRegression, which predicts the mean', async () => {
    const same = frame({ x: [0.1, 0.1, 0.1] });
    const model = await fitted('SimpleLinearRegression', same, frame({ y: [1, 2, 6] }));
    expect(await predicted(model, same)).toEqual([3, 3, 3].map((mean) => expect.closeTo(mean, 12)));
  });
});

describe('predictions', () => {
  it.each([
    ['beyond the range of doubles', 'ExponentialRegression', [1, 1e6]],
    ['of a power that is no number', 'PowerRegression', [1, -1]],
    ['of squares beyond the range of doubles', 'PolynomialRegression', [1, 1e200]],
    ['of products beyond the range of doubles', 'MultivariateLinearRegression', [1, 1.7e308]],
  ])('that are no finite numbers are refused: %s', async (_, name, x) => {
    await expectRefused(
      predicted(await fittedWell(name), frame({ x })),
      /no finite value of 'y' for 1 of 2 rows/,
    );
  });

  it.each([
    ['two classes', ['a', 'a', 'a', 'b', 'b', 'b']],
    ['three classes', ['a', 'a', 'c', 'c', 'b', 'b']],
  ])('of %s are refused where the score of one is beyond the range of doubles', async (_, y) => {
    const { estimator, state } = await fitted('LogisticRegression', frame({ x: COUNT }), frame({ y }), {
      C: 1000,
    });
    for (const x of [1.7e308, -1.7e308]) {
      const X = frame({ x: [1, x] });
      const message = /no finite value of 'y' for 1 of 2 rows/;
      await expectRefused(estimator.predict(state, X, contextOf()), message);
      await expectRefused(Promise.resolve(estimator.predictProba?.(state, X, contextOf())), message);
    }
  });

  it('take dates where the fit had dates, and a column without values for one of any type', async () => {
    const dates = COUNT.map((day) => new Date(2026, 0, day));
    const model = await fitted('MultivariateLinearRegression', frame({ x: dates }), targetOf('Ridge'));
    expect(await predicted(model, frame({ x: dates.slice(0, 2) }))).toHaveLength(2);
    await expectRefused(
      predicted(model, frame({ x: [1, 2] })),
      /column 'x' holds int32 values where .* datetime/,
    );
    await expectRefused(predicted(model, frame({ x: [null] })), /1 missing values/);
  });
});
