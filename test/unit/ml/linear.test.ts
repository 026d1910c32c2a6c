import { MultivariateLinearRegression } from 'ml-regression';
import { describe, expect, it } from 'vitest';
import { CorruptObject, InvalidData, InvalidOptions } from '../../../src/errors.ts';
import { score } from '../../../src/ml/scoring.ts';
import {
  contextOf,
  type Diabetes,
  estimatorOf,
  everyNth,
  fitted,
  frame,
  predicted,
  readMlFixture,
} from '../../support/ml-fixtures.ts';

const NAME = 'MultivariateLinearRegression';
const diabetes = readMlFixture<Diabetes>('ml/diabetes.json');
const patients = frame(diabetes.columns);
const progress = frame({ y: diabetes.y });

function count(rowCount: number): number[] {
  return Array.from({ length: rowCount }, (_, i) => i);
}

function expectClose(
  values: ArrayLike<number> | undefined,
  expected: readonly number[],
  digits: number,
): void {
  expect(values).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(values?.[i]).toBeCloseTo(value, digits);
  });
}

describe('a multivariate linear regression', () => {
  it('finds the coefficients and the score of scikit-learn', async () => {
    const { estimator, state } = await fitted(
      NAME,
      everyNth(patients, 4, false),
      everyNth(progress, 4, false),
    );
    expectClose(state.arrays.weights, diabetes.linear.coef, 9);
    expectClose(state.arrays.intercepts, [diabetes.linear.intercept], 8);
    const { value } = await score(
      estimator,
      state,
      everyNth(patients, 4, true),
      everyNth(progress, 4, true),
      contextOf(),
    );
    expect(value).toBeCloseTo(diabetes.linear.r2, 12);
  });

  it('shares weight among one-hot encoded strings as scikit-learn does', async () => {
    const sex = (diabetes.columns.sex ?? []).map((code) => (code === 1 ? 'f' : 'm'));
    const { state } = await fitted(NAME, frame({ sex, bmi: diabetes.columns.bmi ?? [] }), progress);
    expectClose(state.arrays.weights, diabetes.sexOneHot.coef, 9);
    expectClose(state.arrays.intercepts, [diabetes.sexOneHot.intercept], 8);
  });

  it('keeps the intercept where x is far from zero', async () => {
    const x = count(1000).map((i) => 1e6 + i / 1000);
    const { state } = await fitted(NAME, frame({ x }), frame({ y: x.map((value) => 2 * value + 1) }));
    expectClose(state.arrays.weights, [2], 8);
    expect(Math.abs((state.arrays.intercepts?.[0] ?? 0) - 1)).toBeLessThan(1e-2);
    expect(await predicted({ estimator: estimatorOf(NAME), state }, frame({ x: [1e6] }))).toEqual([
      expect.closeTo(2_000_001, 7),
    ]);
  });

  it('fits the same in chunks and threads', async () => {
    const rows = count(140_000).map((i) => i % patients.rowCount);
    const [X, y] = [patients.take(rows), progress.take(rows)];
    const [one, two] = await Promise.all([1, 2].map((cores) => fitted(NAME, X, y, {}, contextOf(cores))));
    expect(one?.state.arrays).toEqual(two?.state.arrays);
    const { state } = await fitted(NAME, patients, progress);
    expectClose(one?.state.arrays.weights, [...(state.arrays.weights ?? [])], 1);
  });

  it('takes constant and collinear columns, and more columns than rows', async () => {
    const x = [1, 2, 3, 4];
    const y = frame({ y: [3, 5, 7, 9] });
    const X = frame({
      x,
      twice: x.map((v) => 2 * v),
      constant: x.map(() => 0.1),
      d: [0, 0, 0, 0],
      e: [1, 0, 0, 1],
    });
    const model = await fitted(NAME, X, y);
    expectClose((await predicted(model, X)).map(Number), [3, 5, 7, 9], 10);
    expectClose(model.state.arrays.weights, [0.4, 0.8, 0, 0, 0], 10);
  });

  it('gives a constant column no weight in many rows either', async () => {
    const x = count(100_000).map((i) => (i * 7919) % 1000);
    const X = frame({ constant: x.map(() => 0.1), x });
    const { state } = await fitted(NAME, X, frame({ y: x.map((value, i) => 3 * value + 1 + (i % 2)) }));
    expectClose(state.arrays.weights, [0, 3], 4);
    expect(state.arrays.weights?.[0]).toBe(0);
  });

  it('goes through the origin without an intercept', async () => {
    const { state } = await fitted(NAME, frame({ x: [1, 2] }), frame({ y: [1, 1] }), { intercept: false });
    expectClose(state.arrays.weights, [3 / 5], 12);
    expectClose(state.arrays.intercepts, [0], 12);
  });

  it('predicts several targets, under their names', async () => {
    const X = frame({ x: [1, 2, 3] });
    const { estimator, state } = await fitted(NAME, X, frame({ a: [2, 4, 6], b: [0, -1, -2] }));
    const rows = (await estimator.predict(state, frame({ x: [10] }), contextOf())).toRows();
    expect(rows).toEqual([{ a: expect.closeTo(20, 9), b: expect.closeTo(-9, 9) }]);
  });

  it.each([
    [
      'missing numbers',
      frame({ a: [1, null, Number.NaN] }),
      /column 'a' has 2 missing values in 3 rows.*fill them in/,
    ],
    ['free text', frame({ a: count(1001).map((i) => `text ${i}`) }), /1001 different strings/],
  ])('refuses %s', async (_, X, message) => {
    const y = frame({ y: count(X.rowCount) });
    await expect(fitted(NAME, X, y)).rejects.toThrow(InvalidData);
    await expect(fitted(NAME, X, y)).rejects.toThrow(message);
  });

  it('refuses strings where the fit had numbers, and numbers where it had strings', async () => {
    const y = frame({ y: [1, 2] });
    const numbers = await fitted(NAME, frame({ a: [1, 2] }), y);
    await expect(predicted(numbers, frame({ a: ['x'] }))).rejects.toThrow(/column 'a' holds string/);
    const strings = await fitted(NAME, frame({ a: ['x', 'z'] }), y);
    await expect(predicted(strings, frame({ a: [1] }))).rejects.toThrow(/fitted on strings/);
  });
});

describe('an instance of MultivariateLinearRegression', () => {
  it('comes back as one that predicts the same and can be saved again', async () => {
    const { estimator, state } = await fitted(NAME, patients, progress);
    const instance = estimator.toInstance(state.meta.options, state);
    const row = Object.values(diabetes.columns).map((column) => column[0] ?? 0);
    const [expected] = await predicted({ estimator, state }, patients.slice(0, 1));
    expect((instance as MultivariateInstance).predict(row)[0]).toBeCloseTo(Number(expected), 8);
    expect(() => JSON.stringify(instance)).not.toThrow();
  });

  it('is read with its weights, and takes columns by position', async () => {
    const instance = new MultivariateLinearRegression([[1], [2], [3]], [[1], [3], [5]]);
    const estimator = estimatorOf(NAME);
    const { state } = estimator.fromInstance(instance);
    if (!state) throw new Error('no state');
    expect(await predicted({ estimator, state }, frame({ any: [10] }))).toEqual([expect.closeTo(19, 9)]);
    await expect(predicted({ estimator, state }, frame({ a: [1], b: [2] }))).rejects.toThrow(InvalidData);
  });

  it('is unfitted as the class itself', () => {
    const estimator = estimatorOf(NAME);
    expect(estimator.accepts(MultivariateLinearRegression)).toBe(true);
    expect(estimator.fromInstance(MultivariateLinearRegression)).toEqual({
      options: { intercept: true },
      state: null,
    });
    expect(estimator.toInstance({ intercept: true }, null)).toBe(MultivariateLinearRegression);
    expect(() => estimator.parseOptions({ alpha: 1 })).toThrow(InvalidOptions);
  });

  it('is refused when its weights are damaged', () => {
    const instance = Object.assign(new MultivariateLinearRegression([[1], [2]], [[1], [3]]), {
      weights: 'none',
    });
    expect(() => estimatorOf(NAME).fromInstance(instance)).toThrow(CorruptObject);
  });
});

interface MultivariateInstance {
  predict(row: number[]): number[];
}
