import { describe, expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import type { FitContext } from '../../../src/ml/estimator.ts';
import {
  contextOf,
  type Diabetes,
  estimatorOf,
  expectClose,
  expectCoefficients,
  type Found,
  fitted,
  frame,
  type Iris,
  predicted,
  readMlFixture,
} from '../../support/ml-fixtures.ts';

const { weighted } = readMlFixture<{ weighted: Record<string, Found[]> }>('ml/linear.json');
const diabetes = readMlFixture<Diabetes>('ml/diabetes.json');
const iris = readMlFixture<Iris>('ml/iris.json');
const patients = frame(diabetes.columns);
const progress = frame({ y: diabetes.y });
const flowers = frame(iris.columns);
const species = frame({ species: iris.species });

/** As make_linear.py weighs; every eleventh row has none. */
function weightsOf(rowCount: number): Float64Array {
  return Float64Array.from({ length: rowCount }, (_, row) => ((row * 7) % 11) / 4);
}

function weighing(sampleWeight: Float64Array): FitContext {
  return { ...contextOf(), sampleWeight };
}

function dataOf(name: string) {
  return name === 'LogisticRegression' ? { X: flowers, y: species } : { X: patients, y: progress };
}

describe.each(Object.keys(weighted))('%s with weights of rows', (name) => {
  const { X, y } = dataOf(name);
  const tolerance = name === 'LogisticRegression' ? 1e-6 : 1e-9;

  it.each(weighted[name] ?? [])('finds the coefficients of scikit-learn with $options', async (found) => {
    const model = await fitted(name, X, y, found.options, weighing(weightsOf(X.rowCount)));
    expectCoefficients(model, found, tolerance);
  });

  it('finds what it finds where each row comes as often as it weighs', async () => {
    const counts = Float64Array.from({ length: X.rowCount }, (_, row) => row % 4);
    const often = Array.from(counts).flatMap((count, row) => Array<number>(count).fill(row));
    const one = await fitted(name, X, y, {}, weighing(counts));
    const other = await fitted(name, X.take(often), y.take(often));
    expectClose(one.state.arrays.weights, [...(other.state.arrays.weights ?? [])], tolerance);
  });

  it.each([
    ['too few', Float64Array.of(1), /there are 1 weights/],
    ['a negative one', new Float64Array(X.rowCount).fill(-1), /a row has the weight -1/],
    ['none above zero', new Float64Array(X.rowCount), /every row has the weight 0/],
  ])('refuses %s', async (_, sampleWeight, message) => {
    const fit = fitted(name, X, y, {}, weighing(sampleWeight));
    await expect(fit).rejects.toThrow(InvalidData);
    await expect(fit).rejects.toThrow(message);
  });
});

describe('weights of rows', () => {
  it.each(['Ridge', 'MultivariateLinearRegression'])('count in each part of a fit of %s', async (name) => {
    const estimator = estimatorOf(name);
    const options = estimator.parseOptions({});
    const weights = weightsOf(patients.rowCount);
    const partly = (
      state: Parameters<NonNullable<typeof estimator.partialFit>>[1],
      start: number,
      end: number,
    ) =>
      estimator.partialFit?.(
        options,
        state,
        patients.slice(start, end),
        progress.slice(start, end),
        weighing(weights.slice(start, end)),
      );
    const first = (await partly(null, 0, 200)) ?? null;
    const both = await partly(first, 200, patients.rowCount);
    const whole = await fitted(name, patients, progress, {}, weighing(weights));
    expectClose(both?.arrays.weights, [...(whole.state.arrays.weights ?? [])], 1e-8);
  });

  /** y = 2x + 1, and rows of weight 0 that say otherwise, far away. */
  function withFarRows(far: number) {
    const xs = Array.from({ length: 60 }, (_, row) => (row % 2 === 0 ? row / 10 : far));
    const X = frame({ x: xs });
    const y = frame({ y: xs.map((x, row) => (row % 2 === 0 ? 2 * x + 1 : -far)) });
    const context = weighing(Float64Array.from(xs, (_, row) => (row % 2 === 0 ? 1 : 0)));
    return { X, y, context, counting: xs.flatMap((_, row) => (row % 2 === 0 ? [row] : [])) };
  }

  it.each(['Ridge', 'MultivariateLinearRegression', 'RandomForestRegression'])(
    'of 0 leave nothing of values in %s, however far away',
    async (name) => {
      const { X, y, context, counting } = withFarRows(1e17);
      const options = name === 'RandomForestRegression' ? { useSampleBagging: false, maxLeafNodes: 4 } : {};
      const near = X.take(counting);
      const weighted = await predicted(await fitted(name, X, y, options, context), near);
      const alone = await predicted(await fitted(name, near, y.take(counting), options), near);
      expectClose(weighted.map(Number), alone.map(Number), 1e-9);
    },
  );

  it.each([
    ['of 0', {}, (row: number) => row % 3],
    ['of classes of 0', { classWeight: { far: 0 } }, () => 1],
  ])('%s leave nothing of values in LogisticRegression, however far away', async (_, options, weight) => {
    const isFar = (row: number) => row % 3 === 0;
    const rows = Array.from({ length: 60 }, (_, row) => row);
    const X = frame({ x: rows.map((row) => (isFar(row) ? -1e9 : row % 7)) });
    const y = frame({
      y: rows.map((row) => (isFar(row) ? 'far' : row % 7 > 2 + (row % 2) ? 'high' : 'low')),
    });
    const near = rows.filter((row) => !isFar(row));
    const context = weighing(Float64Array.from(rows, (row) => Math.min(1, weight(row))));
    const classes = ['far', 'high', 'low'];
    const weighted = await fitted('LogisticRegression', X, y, { classes, ...options }, context);
    const alone = await fitted('LogisticRegression', X.take(near), y.take(near), { classes });
    expectClose(weighted.state.arrays.weights, [...(alone.state.arrays.weights ?? [])], 1e-6);
  });

  it('do not depend on the chunks that threads take', async () => {
    const rowCount = 150_000;
    const x = Array.from({ length: rowCount }, (_, row) => Math.sin(row) + 1e6);
    const X = frame({ x });
    const y = frame({ y: x.map((value, row) => (row % 2 === 0 ? 3 * value : -value)) });
    const even = Float64Array.from({ length: rowCount }, (_, row) => (row % 2 === 0 ? 0.5 : 0));
    const { state } = await fitted('MultivariateLinearRegression', X, y, {}, weighing(even));
    expect(state.arrays.weights?.[0]).toBeCloseTo(3, 8);
  });
});
