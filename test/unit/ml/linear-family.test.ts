import { describe, expect, it } from 'vitest';
import { InvalidData, InvalidOptions, NotFitted, OperationNotSupported } from '../../../src/errors.ts';
import type { DataFrame } from '../../../src/frame/data-frame.ts';
import { LogisticRegression, Ridge } from '../../../src/index.ts';
import { fitBlocks } from '../../../src/ml/fit-blocks.ts';
import type { ModelState } from '../../../src/ml/state.ts';
import {
  contextOf,
  type Diabetes,
  estimatorOf,
  everyNth,
  expectClose,
  expectCoefficients,
  type Fitted,
  type Found,
  fitted,
  frame,
  type Iris,
  predicted,
  readMlFixture,
} from '../../support/ml-fixtures.ts';

interface Linear {
  readonly ridge: Found[];
  readonly multinomial: (Found & { readonly proba: number[][] })[];
  readonly binary: (Found & { readonly proba: number[][] })[];
}

const linear = readMlFixture<Linear>('ml/linear.json');
const iris = readMlFixture<Iris>('ml/iris.json');
const diabetes = readMlFixture<Diabetes>('ml/diabetes.json');
const patients = frame(diabetes.columns);
const progress = frame({ y: diabetes.y });
const flowers = frame(iris.columns);
const species = frame({ species: iris.species });
const twoKinds = Array.from({ length: 150 }, (_, row) => row).filter((row) => iris.species[row] !== 'setosa');

async function expectProbabilities(
  model: Fitted,
  X: DataFrame,
  expected: readonly number[][],
): Promise<void> {
  const frame = await model.estimator.predictProba?.(model.state, everyNth(X, 20, true), contextOf());
  expected.forEach((shares, row) => {
    expectClose(Object.values(frame?.toRows()[row] ?? {}).map(Number), shares, 1e-9);
  });
}

describe('Ridge', () => {
  it.each(linear.ridge)('finds the coefficients of scikit-learn with $options', async (found) => {
    expectCoefficients(await fitted('Ridge', patients, progress, found.options), found, 1e-9);
  });

  it('without a penalty is least squares', async () => {
    const ridge = await fitted('Ridge', patients, progress, { alpha: 0 });
    const ordinary = await fitted('MultivariateLinearRegression', patients, progress);
    expectClose(ridge.state.arrays.weights, [...(ordinary.state.arrays.weights ?? [])], 1e-12);
  });

  it('is put and got as an instance that predicts', async () => {
    const { estimator, state } = await fitted('Ridge', patients, progress, { alpha: 2 });
    const instance = estimator.toInstance(state.meta.options, state) as Ridge;
    const row = Object.values(diabetes.columns).map((column) => column[0] ?? 0);
    const [own] = await predicted({ estimator, state }, patients.slice(0, 1));
    expect(instance.predict([row])[0]?.[0]).toBeCloseTo(Number(own), 9);
    const imported = estimator.fromInstance(new Ridge(instance.options, instance.fitted));
    expect(imported.options).toEqual({ alpha: 2, intercept: true });
    expectClose(imported.state?.arrays.weights, [...(state.arrays.weights ?? [])], 1e-15);
    expect(() => new Ridge().predict([row])).toThrow(NotFitted);
  });
});

describe('LogisticRegression', () => {
  it.each(linear.multinomial)('finds the coefficients of scikit-learn with $options', async (found) => {
    const model = await fitted('LogisticRegression', flowers, species, found.options);
    expectCoefficients(model, found, 1e-6);
    await expectProbabilities(model, flowers, found.proba);
  });

  it.each(linear.binary)('of two classes finds those of the second with $options', async (found) => {
    const [X, y] = [flowers.take(twoKinds), species.take(twoKinds)];
    const model = await fitted('LogisticRegression', X, y, found.options);
    expectCoefficients(model, found, 1e-6);
    await expectProbabilities(model, X, found.proba);
  });

  it('keeps its precision where X is far from zero', async () => {
    const far = frame({ x: (iris.columns.petal_length ?? []).map((value) => value + 1e6) });
    const model = await fitted('LogisticRegression', far.take(twoKinds), species.take(twoKinds));
    const near = frame({ x: iris.columns.petal_length ?? [] });
    const { state } = await fitted('LogisticRegression', near.take(twoKinds), species.take(twoKinds));
    expectClose(model.state.arrays.weights, [...(state.arrays.weights ?? [])], 1e-7);
  });

  it('predicts labels of any type', async () => {
    const X = frame({ x: [1, 2, 3, 4] });
    const model = await fitted('LogisticRegression', X, frame({ y: [false, false, true, true] }));
    expect(await predicted(model, X)).toEqual([false, false, true, true]);
  });

  it('is got as an instance that predicts, and put again', async () => {
    const { estimator, state } = await fitted('LogisticRegression', flowers, species);
    const instance = estimator.toInstance(state.meta.options, state) as LogisticRegression;
    const rows = flowers.toRows().map((row) => Object.values(row).map(Number));
    expect(instance.predict(rows)).toEqual(await predicted({ estimator, state }, flowers));
    expect(estimator.fromInstance(instance).state?.meta.target.classes).toEqual(state.meta.target.classes);
    const unfitted = estimator.fromInstance(new LogisticRegression({ C: 3 }));
    expect(unfitted).toMatchObject({ options: { C: 3 }, state: null });
  });

  it.each([
    ['one label only', frame({ y: ['a', 'a'] }), {}, InvalidData, /only the label a/],
    [
      'a weight for a label that is not there',
      frame({ y: ['a', 'b'] }),
      { classWeight: { c: 2 } },
      InvalidOptions,
      /label c/,
    ],
    [
      'labels besides those it is told',
      frame({ y: ['a', 'c'] }),
      { classes: ['a', 'b'] },
      InvalidData,
      /label c/,
    ],
  ])('refuses %s', async (_, y, options, type, message) => {
    const call = fitted('LogisticRegression', frame({ x: [1, 2] }), y, options);
    await expect(call).rejects.toThrow(type);
    await expect(call).rejects.toThrow(message);
  });
});

describe('a fit in parts', () => {
  async function* blocks(X: DataFrame, y: DataFrame, count: number) {
    const size = Math.ceil(X.rowCount / count);
    for (let start = 0; start < X.rowCount; start += size) {
      yield { X: X.slice(start, start + size), y: y.slice(start, start + size) };
    }
  }

  async function inParts(
    name: string,
    X: DataFrame,
    y: DataFrame,
    count: number,
    options: object = {},
  ): Promise<ModelState> {
    const estimator = estimatorOf(name);
    return fitBlocks(estimator, estimator.parseOptions(options), () => blocks(X, y, count), contextOf());
  }

  it.each([
    ['MultivariateLinearRegression', {}],
    ['MultivariateLinearRegression', { intercept: false }],
    ['Ridge', { alpha: 5 }],
  ])('of %s with %j gives what a fit of all rows gives', async (name, options) => {
    const whole = await fitted(name, patients, progress, options);
    const state = await inParts(name, patients, progress, 7, options);
    expectClose(state.arrays.weights, [...(whole.state.arrays.weights ?? [])], 1e-9);
    expectClose(state.arrays.intercepts, [...(whole.state.arrays.intercepts ?? [])], 1e-9);
  });

  it.each([
    ['strings', ['b', 'b', 'b', 'c', 'c', 'a', 'd', 'd', 'd', 'a']],
    ['strings and missing ones', ['b', 'b', 'b', null, null, null, null, 'd', 'd', 'a']],
  ])('of blocks of which none has all %s gives what a fit of all rows gives', async (_, strings) => {
    const X = frame({ c: strings, x: [1, 5, 2, 8, 4, 3, 9, 1, 7, 6] });
    const y = frame({ y: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3] });
    for (const name of ['Ridge', 'MultivariateLinearRegression']) {
      const whole = await fitted(name, X, y);
      const state = await inParts(name, X, y, 4);
      expect(state.meta.features).toEqual(whole.state.meta.features);
      expectClose(state.arrays.weights, [...(whole.state.arrays.weights ?? [])], 1e-9);
      expectClose(state.arrays.intercepts, [...(whole.state.arrays.intercepts ?? [])], 1e-9);
    }
  });

  it('keeps the intercept where x is far from zero', async () => {
    const x = Array.from({ length: 1000 }, (_, i) => 1e6 + i / 1000);
    const state = await inParts('Ridge', frame({ x }), frame({ y: x.map((value) => 2 * value + 1) }), 10, {
      alpha: 0,
    });
    expectClose(state.arrays.weights, [2], 1e-8);
  });

  it('of a LogisticRegression comes near a fit of all rows', async () => {
    const mixed = Array.from({ length: 150 }, (_, i) => (i * 37) % 150);
    const [X, y] = [flowers.take(mixed), species.take(mixed)];
    const state = await inParts('LogisticRegression', X, y, 5);
    const whole = await fitted('LogisticRegression', X, y);
    const estimator = estimatorOf('LogisticRegression');
    const labels = await predicted({ estimator, state }, X);
    const expected = await predicted(whole, X);
    expect(labels.filter((label, row) => label === expected[row]).length).toBeGreaterThanOrEqual(147);
  });

  it('knows labels that come later when they are named', async () => {
    const classes = ['setosa', 'versicolor', 'virginica'];
    const state = await inParts('LogisticRegression', flowers, species, 3, { classes });
    expect(state.meta.target.classes).toEqual(classes);
    await expect(inParts('LogisticRegression', flowers, species, 3, {})).rejects.toThrow(
      /only the label setosa/,
    );
  });

  it.each([
    [
      'forests',
      () => inParts('RandomForestClassifier', flowers, species, 2),
      OperationNotSupported,
      /needs all rows at once/,
    ],
    ['no blocks', () => inParts('Ridge', frame({ x: [] }), frame({ y: [] }), 1), InvalidData, /no blocks/],
    [
      'a string that the first rows have not',
      async () => {
        const { estimator, state } = await fitted('Ridge', frame({ c: ['a', 'b'] }), frame({ y: [1, 2] }));
        const [X, y] = [frame({ c: ['a', 'z'] }), frame({ y: [1, 3] })];
        return estimator.partialFit?.(estimator.parseOptions({}), state, X, y, contextOf());
      },
      InvalidData,
      /string "z"/,
    ],
    [
      'more strings in all blocks than are encoded',
      () => {
        const rows = Array.from({ length: 1_002 }, (_, row) => row);
        return inParts('Ridge', frame({ c: rows.map((row) => `c${row}`) }), frame({ y: rows }), 2);
      },
      InvalidData,
      /column 'c' has 1002 different strings/,
    ],
    [
      'a column of another type',
      async () => {
        const { estimator, state } = await fitted('Ridge', frame({ x: [1, 2] }), frame({ y: [1, 2] }));
        const options = estimator.parseOptions({});
        return estimator.partialFit?.(
          options,
          state,
          frame({ x: ['a', 'b'] }),
          frame({ y: [1, 2] }),
          contextOf(),
        );
      },
      InvalidData,
      /column 'x' holds string/,
    ],
    [
      'a model that was fitted elsewhere',
      async () => {
        const estimator = estimatorOf('Ridge');
        const { options, state } = estimator.fromInstance(
          new Ridge({}, { coefficients: [[1]], intercepts: [0] }),
        );
        return estimator.partialFit?.(options, state, frame({ x: [1] }), frame({ y: [1] }), contextOf());
      },
      InvalidData,
      /fitted elsewhere/,
    ],
  ])('is refused for %s', async (_, call, type, message) => {
    await expect(call()).rejects.toThrow(type);
    await expect(call()).rejects.toThrow(message);
  });
});
