import { RandomForestClassifier } from 'ml-random-forest';
import { describe, expect, it } from 'vitest';
import { InvalidData, InvalidOptions } from '../../../src/errors.ts';
import type { DataFrame } from '../../../src/frame/data-frame.ts';
import { outOfBagScore } from '../../../src/ml/forest.ts';
import { encodeState } from '../../../src/ml/state.ts';
import {
  contextOf,
  type Diabetes,
  estimatorOf,
  type Fitted,
  fitted,
  frame,
  predicted,
  readMlFixture,
} from '../../support/ml-fixtures.ts';

const CLASSIFIER = 'RandomForestClassifier';
const REGRESSION = 'RandomForestRegression';

/** What a tree of scikit-learn 1.9 predicts for the rows that it was fitted to. */
interface Tree {
  readonly options: object;
  readonly predictions: number[];
  /** For a row without any value. */
  readonly allMissing: number;
}
interface Trees {
  readonly weights: number[];
  readonly numbers: Tree[];
  readonly weighted: Tree;
  readonly missing: Tree & { readonly columns: Record<string, (number | null)[]> };
  readonly classes: { readonly options: object; readonly high: number[] }[];
  readonly outOfBag: { readonly r2: number; readonly accuracy: number };
}

const trees = readMlFixture<Trees>('ml/trees.json');
const diabetes = readMlFixture<Diabetes>('ml/diabetes.json');
const patients = frame(diabetes.columns);
const progress = frame({ y: diabetes.y });
const labels = frame({ label: diabetes.y.map((y) => (y > 140 ? 'high' : 'low')) });

/** A forest of one tree in which nothing is left to chance. */
function oneTree(
  name: string,
  X: DataFrame,
  y: DataFrame,
  options: object,
  context = contextOf(),
): Promise<Fitted> {
  const certain = { nEstimators: 1, useSampleBagging: false, maxFeatures: 1, ...options };
  return fitted(name, X, y, certain, context);
}

async function expectRefused(call: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(call).rejects.toThrow(InvalidData);
  await expect(call).rejects.toThrow(message);
}

async function expectPredictions(model: Fitted, X: DataFrame, expected: readonly number[]): Promise<void> {
  const values = await predicted(model, X);
  expected.forEach((value, row) => {
    expect(values[row]).toBeCloseTo(value, 9);
  });
}

describe('one tree next to scikit-learn', () => {
  it.each(trees.numbers)(
    'grows the same best leaves first with $options',
    async ({ options, predictions }) => {
      await expectPredictions(await oneTree(REGRESSION, patients, progress, options), patients, predictions);
    },
  );

  it('grows the same with weights of rows', async () => {
    const { options, predictions } = trees.weighted;
    const context = { ...contextOf(), sampleWeight: Float64Array.from(trees.weights) };
    const model = await oneTree(REGRESSION, patients, progress, options, context);
    await expectPredictions(model, patients, predictions);
  });

  it('learns where missing numbers go', async () => {
    const { options, predictions, columns, allMissing } = trees.missing;
    const holes = frame({ ...diabetes.columns, ...columns });
    const model = await oneTree(REGRESSION, holes, progress, options);
    await expectPredictions(model, holes, predictions);
    const nothing = frame(Object.fromEntries(patients.columnNames.map((name) => [name, [Number.NaN]])));
    await expectPredictions(model, nothing, [allMissing]);
  });

  it.each(trees.classes)('grows the same with $options', async ({ options, high }) => {
    const { estimator, state } = await oneTree(CLASSIFIER, patients, labels, options);
    const proba = await estimator.predictProba?.(state, patients, contextOf());
    proba?.toRows().forEach((row, i) => {
      expect(row.high).toBeCloseTo(high[i] ?? Number.NaN, 9);
    });
  });
});

describe('a forest', () => {
  it('scores itself on the rows that its trees have not drawn', async () => {
    const options = { nEstimators: 200, oobScore: true };
    const numbers = await fitted(REGRESSION, patients, progress, options);
    expect(Math.abs((outOfBagScore(numbers.state) ?? 0) - trees.outOfBag.r2)).toBeLessThan(0.03);
    const classes = await fitted(CLASSIFIER, patients, labels, options);
    expect(Math.abs((outOfBagScore(classes.state) ?? 0) - trees.outOfBag.accuracy)).toBeLessThan(0.03);
    expect(
      outOfBagScore((await fitted(REGRESSION, patients, progress, { nEstimators: 2 })).state),
    ).toBeNull();
  });

  it('has no more leaves than it may', async () => {
    const { state } = await fitted(CLASSIFIER, patients, labels, { nEstimators: 3, maxLeafNodes: 5 });
    expect(state.arrays.feature?.length).toBe(3 * 9);
  });

  it('of weights is the same whatever the number of threads', async () => {
    const options = { nEstimators: 6, classWeight: 'balanced', maxLeafNodes: 10 };
    const [one, three] = await Promise.all(
      [1, 3].map((cores) => fitted(CLASSIFIER, patients, labels, options, contextOf(cores))),
    );
    expect(one && encodeState(one.state)).toEqual(three && encodeState(three.state));
  });

  it('takes options that the library has not from its instance, and gives them back', async () => {
    const options = { classWeight: 'balanced', oobScore: true, maxLeafNodes: 9 };
    const estimator = estimatorOf(CLASSIFIER);
    const given = estimator.fromInstance(
      Object.assign(new RandomForestClassifier({ nEstimators: 3 }), options),
    );
    expect(given.options).toMatchObject({ nEstimators: 3, ...options });
    expect(estimator.fromInstance(estimator.toInstance(given.options, null)).options).toEqual(given.options);
  });

  it('leaves rows of weight 0 out', async () => {
    const X = frame({ x: [1, 2, 3, 4] });
    const context = { ...contextOf(), sampleWeight: Float64Array.of(1, 1, 0, 0) };
    const model = await oneTree(CLASSIFIER, X, frame({ y: ['a', 'b', 'c', 'c'] }), {}, context);
    expect(await predicted(model, X)).toEqual(['a', 'b', 'b', 'b']);
  });

  it.each([
    ['drawn with replacement', { useSampleBagging: true }],
    ['drawn once', { useSampleBagging: false, maxSamples: 0.3 }],
  ])('has no tree of rows of weight 0 alone: rows %s', async (_, options) => {
    const X = frame({ x: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
    const y = frame({ y: [-999, -999, -999, -999, 5, -999, -999, -999, -999, -999] });
    const sampleWeight = Float64Array.from({ length: 10 }, (_, row) => (row === 4 ? 1 : 0));
    const context = { ...contextOf(), sampleWeight };
    const labels = frame({ y: y.toRows().map((row) => String(row.y)) });
    for (let seed = 0; seed < 10; seed += 1) {
      const one = { nEstimators: 1, seed, ...options };
      expect(await predicted(await fitted(REGRESSION, X, y, one, context), X)).toEqual(Array(10).fill(5));
      const classes = await fitted(CLASSIFIER, X, labels, one, context);
      expect(await predicted(classes, X)).toEqual(Array(10).fill('5'));
    }
  });

  it('is scored on rows that its trees have not drawn, also where some were drawn again', async () => {
    const X = frame({ x: [1, 2, 3] });
    const y = frame({ y: ['a', 'b', 'b'] });
    const context = { ...contextOf(), sampleWeight: Float64Array.of(1, 0, 0) };
    const options = { nEstimators: 50, useSampleBagging: true, oobScore: true };
    // The only row that counts is in every tree: those that are left out are all wrong.
    expect(outOfBagScore((await fitted(CLASSIFIER, X, y, options, context)).state)).toBe(0);
  });

  it.each([
    [CLASSIFIER, { classWeight: { high: 0, low: 0 } }],
    ['LogisticRegression', { classWeight: { high: 0, low: 0 } }],
  ])('refuses, as a %s does, weights of classes of which none counts', async (name, options) => {
    await expectRefused(fitted(name, patients, labels, options), /classWeight above 0/);
  });

  it('refuses weights of classes that leave no row that counts', async () => {
    const sampleWeight = Float64Array.from(diabetes.y, (y) => (y > 140 ? 1 : 0));
    const context = { ...contextOf(), sampleWeight };
    const fit = fitted(CLASSIFIER, patients, labels, { classWeight: { high: 0 } }, context);
    await expectRefused(fit, /classWeight above 0/);
  });

  it.each([
    ['fewer weights than rows', Float64Array.of(1), /442 rows and there are 1 weights/],
    ['a negative weight', new Float64Array(442).fill(-1), /the weight -1/],
    ['no weight above 0', new Float64Array(442), /greater weight/],
    ['weights without a mean', new Float64Array(442).fill(1e308).fill(1, 0, 9), /scale them to about 1/],
  ])('refuses %s', async (_, sampleWeight, message) => {
    await expectRefused(
      fitted(REGRESSION, patients, progress, {}, { ...contextOf(), sampleWeight }),
      message,
    );
  });

  it.each([
    [{ classWeight: { a: -1 } }, 'classWeight'],
    [{ maxLeafNodes: 1 }, 'maxLeafNodes'],
    [{ oobScore: true, useSampleBagging: false }, 'oobScore'],
  ])('refuses the options %j', (options, name) => {
    expect(() => estimatorOf(CLASSIFIER).parseOptions(options)).toThrow(InvalidOptions);
    expect(() => estimatorOf(CLASSIFIER).parseOptions(options)).toThrow(name);
  });
});

describe('the options of a forest', () => {
  /** Those of version 0.2.0, which refuses a model that names others. */
  const EARLIER = [
    ...['gainThreshold', 'maxDepth', 'maxFeatures', 'maxSamples', 'minNumSamples', 'minSamplesLeaf'],
    ...['nEstimators', 'seed', 'useSampleBagging'],
  ];

  it.each([
    [CLASSIFIER, 'voting'],
    [REGRESSION, 'selectionMethod'],
  ])('of a %s name nothing that is off and that earlier versions do not know', (name, own) => {
    const options = estimatorOf(name).parseOptions({ maxLeafNodes: null, oobScore: false }) as object;
    expect(Object.keys(options).sort()).toEqual([...EARLIER, own].sort());
  });

  it('are kept when they are on', () => {
    const given = { maxLeafNodes: 7, oobScore: true, classWeight: 'balanced' };
    const { parseOptions } = estimatorOf(CLASSIFIER);
    expect(parseOptions(parseOptions(given))).toMatchObject(given);
  });
});
