import { describe, expect, it } from 'vitest';
import { InvalidData, InvalidOptions } from '../../../src/errors.ts';
import { featureImportances } from '../../../src/ml/forest.ts';
import { score } from '../../../src/ml/scoring.ts';
import { encodeState } from '../../../src/ml/state.ts';
import {
  contextOf,
  type Diabetes,
  estimatorOf,
  everyNth,
  fitted,
  frame,
  type Iris,
  predicted,
  readMlFixture,
} from '../../support/ml-fixtures.ts';

const CLASSIFIER = 'RandomForestClassifier';
const REGRESSION = 'RandomForestRegression';
const iris = readMlFixture<Iris>('ml/iris.json');
const diabetes = readMlFixture<Diabetes>('ml/diabetes.json');
const flowers = frame(iris.columns);
const species = frame({ species: iris.species });
const patients = frame(diabetes.columns);
const progress = frame({ y: diabetes.y });

/** Rows of two numbers, of which the first decides the label. */
function toy(labels: readonly unknown[]) {
  const a = labels.map((label, i) => (label === labels[0] ? 0 : 10) + (i % 5));
  return { X: frame({ a, b: labels.map((_, i) => (i * 7) % 11) }), y: frame({ label: labels }) };
}

function alternating(first: unknown, second: unknown): unknown[] {
  return Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? first : second));
}

describe('a random forest next to scikit-learn', () => {
  it('classifies held-out flowers as well', async () => {
    const model = await fitted(CLASSIFIER, everyNth(flowers, 3, false), everyNth(species, 3, false));
    const { metric, value } = await score(
      model.estimator,
      model.state,
      everyNth(flowers, 3, true),
      everyNth(species, 3, true),
      contextOf(),
    );
    expect(metric).toBe('accuracy');
    expect(value).toBeGreaterThanOrEqual(iris.forest.accuracy - 0.03);
  });

  it('explains as much of the variance of held-out patients', async () => {
    const model = await fitted(REGRESSION, everyNth(patients, 4, false), everyNth(progress, 4, false));
    const { metric, value } = await score(
      model.estimator,
      model.state,
      everyNth(patients, 4, true),
      everyNth(progress, 4, true),
      contextOf(),
    );
    expect(metric).toBe('r2');
    expect(value).toBeGreaterThan(diabetes.forest.r2 - 0.04);
  });

  it('grows the very same tree where nothing is left to chance', async () => {
    const options = { nEstimators: 1, useSampleBagging: false, maxFeatures: 1, maxDepth: 3 };
    const model = await fitted(
      REGRESSION,
      everyNth(patients, 4, false),
      everyNth(progress, 4, false),
      options,
    );
    const predictions = await predicted(model, everyNth(patients, 4, true));
    predictions.forEach((value, i) => {
      expect(value).toBeCloseTo(diabetes.tree.predictions[i] ?? Number.NaN, 9);
    });
  });

  it('finds the same features important', async () => {
    const { state } = await fitted(CLASSIFIER, flowers, species, { nEstimators: 300 });
    const importances = featureImportances(state);
    expect(importances.map(({ feature }) => feature)).toEqual(flowers.columnNames);
    importances.forEach(({ importance }, i) => {
      expect(Math.abs(importance - (iris.forest.importances[i] ?? 0))).toBeLessThan(0.05);
    });
  });
});

describe('the trainer', () => {
  it('gives the same bytes whatever the number of threads', async () => {
    const [one, three] = await Promise.all(
      [1, 3].map(async (cores) =>
        fitted(CLASSIFIER, flowers, species, { nEstimators: 10 }, contextOf(cores)),
      ),
    );
    expect(one && encodeState(one.state)).toEqual(three && encodeState(three.state));
  });

  it('grows several forests at the same time as one after the other', async () => {
    const context = contextOf(2);
    const [one, other] = await Promise.all(
      [1, 2].map((seed) => fitted(CLASSIFIER, flowers, species, { nEstimators: 8, seed }, context)),
    );
    const alone = await fitted(CLASSIFIER, flowers, species, { nEstimators: 8, seed: 1 });
    expect(one?.state.arrays).toEqual(alone.state.arrays);
    expect(other?.state.arrays).not.toEqual(alone.state.arrays);
  });

  it('gives another forest for another seed', async () => {
    const [a, b] = await Promise.all([1, 2].map((seed) => fitted(REGRESSION, patients, progress, { seed })));
    expect(a?.state.arrays.threshold).not.toEqual(b?.state.arrays.threshold);
  });

  it('splits more rows than it sorts by quantiles, with nearly the same result', async () => {
    const rowCount = 6000;
    const x = Array.from({ length: rowCount }, (_, i) => ((i * 7919) % rowCount) / rowCount);
    const X = frame({ x, noise: x.map((value) => (value * 997) % 1) });
    const y = frame({ y: x.map((value) => Math.sin(6 * value)) });
    const { estimator, state } = await fitted(REGRESSION, X, y, { nEstimators: 5 });
    expect((await score(estimator, state, X, y, contextOf())).value).toBeGreaterThan(0.999);
  });

  it.each([
    [CLASSIFIER, 2],
    [CLASSIFIER, 4],
    [REGRESSION, 1000],
  ])(
    '%s: grows the same tree from copied rows as from rows where they lie (%i values)',
    async (name, values) => {
      const rows = Array.from({ length: 40_000 }, (_, row) => row);
      // Of a single feature no two splits are equally good by chance.
      const x = rows.map((row) => (row * 7919) % 104_729);
      const y = rows.map(
        (row, i) => Math.floor((Math.sin(row) + (x[i] ?? 0) / 20_000) * values + values) % values,
      );
      const [X, Y] = [frame({ x }), frame({ y })];
      const options = { nEstimators: 1, minSamplesLeaf: 150 };
      const copied = await fitted(name, X, Y, options);
      // Leaf by leaf, rows stay where they are.
      const inPlace = await fitted(name, X, Y, { ...options, maxLeafNodes: rows.length });
      expect(copied.state.arrays.feature?.length).toBeGreaterThan(100);
      for (const array of ['feature', 'threshold', 'right', 'missingLeft', 'distributions']) {
        expect(copied.state.arrays[array]).toEqual(inPlace.state.arrays[array]);
      }
    },
  );

  it('keeps to the limits of depth and leaves', async () => {
    const { state } = await fitted(REGRESSION, patients, progress, { nEstimators: 2, maxDepth: 2 });
    expect(state.arrays.feature?.length).toBeLessThanOrEqual(2 * 7);
    const { state: stumps } = await fitted(REGRESSION, patients, progress, {
      nEstimators: 2,
      minSamplesLeaf: 221,
    });
    expect(stumps.arrays.feature?.length).toBeLessThanOrEqual(2 * 3);
  });

  it('draws as many rows as maxSamples says', async () => {
    const { state } = await fitted(REGRESSION, patients, progress, { nEstimators: 1, maxSamples: 10 });
    expect(state.arrays.feature?.length).toBeLessThanOrEqual(19);
  });

  it('reports progress and stops between chunks', async () => {
    const seen: number[] = [];
    const controller = new AbortController();
    const context = {
      ...contextOf(1),
      signal: controller.signal,
      onProgress: (done: number, total: number) => {
        seen.push(done / total);
        controller.abort(new Error('stopped'));
      },
    };
    await expect(fitted(REGRESSION, patients, progress, { nEstimators: 10_000 }, context)).rejects.toThrow(
      'stopped',
    );
    expect(seen).toHaveLength(1);
    expect(seen[0]).toBeLessThan(1);
  });
});

describe('labels of a classifier', () => {
  it.each([
    ['strings', 'yes', 'no'],
    ['booleans', true, false],
    ['negative numbers', -1, 1],
    ['numbers far from 0', 10, 20],
    ['numbers beyond 32 bits', 2 ** 40, -(2 ** 40)],
  ])('may be %s', async (_, first, second) => {
    const { X, y } = toy(alternating(first, second));
    expect(await predicted(await fitted(CLASSIFIER, X, y), X)).toEqual(alternating(first, second));
  });

  it('may all be the same', async () => {
    const { X, y } = toy(Array.from({ length: 5 }, () => 'only'));
    expect(await predicted(await fitted(CLASSIFIER, X, y), X)).toEqual([
      'only',
      'only',
      'only',
      'only',
      'only',
    ]);
  });

  it('get probabilities that sum to 1, in a column each', async () => {
    const { estimator, state } = await fitted(CLASSIFIER, flowers, species, { nEstimators: 7, maxDepth: 2 });
    const probabilities = await estimator.predictProba?.(state, flowers, contextOf());
    expect(probabilities?.columnNames).toEqual(['setosa', 'versicolor', 'virginica']);
    for (const row of probabilities?.toRows() ?? []) {
      const sum = Object.values(row).reduce<number>((total, value) => total + Number(value), 0);
      expect(sum).toBeCloseTo(1, 12);
    }
  });

  it('are counted as votes with hard voting', async () => {
    const options = { nEstimators: 8, maxDepth: 1, voting: 'hard' };
    const { estimator, state } = await fitted(CLASSIFIER, flowers, species, options);
    const probabilities = await estimator.predictProba?.(state, flowers, contextOf());
    const shares = probabilities
      ?.toRows()
      .flatMap((row) => Object.values(row).map((share) => Number(share) * 8));
    expect(shares?.every((votes) => Number.isInteger(votes))).toBe(true);
  });

  it.each([
    ['missing', ['a', null, 'a'], /column 'label' of y has no label in 1 of 3 rows/],
    ['continuous', [0.5, 1.5, 2], /0\.5.*use a regression/],
    ['of different types', ['a', 1, 'a'], /which are no labels/],
  ])('are refused when %s', async (_, labels, message) => {
    const X = frame({ a: [1, 2, 3] });
    await expect(fitted(CLASSIFIER, X, frame({ label: labels }))).rejects.toThrow(InvalidData);
    await expect(fitted(CLASSIFIER, X, frame({ label: labels }))).rejects.toThrow(message);
  });
});

describe('features of a forest', () => {
  it('may be strings, which are one-hot encoded', async () => {
    const X = frame({ color: alternating('red', 'blue'), size: alternating(1, 1) });
    const y = frame({ label: alternating('warm', 'cold') });
    const model = await fitted(CLASSIFIER, X, y);
    expect(await predicted(model, frame({ color: ['blue', 'red'], size: [1, 1] }))).toEqual(['cold', 'warm']);
    expect(await predicted(model, frame({ color: ['green'], size: [1] }))).toHaveLength(1);
  });

  it('may be missing: then they lie above every number', async () => {
    const X = frame({ a: [1, 2, 3, null, null, null] });
    const y = frame({ label: ['low', 'low', 'low', 'none', 'none', 'none'] });
    const model = await fitted(CLASSIFIER, X, y, { useSampleBagging: false });
    expect(await predicted(model, frame({ a: [null, 2, 1e300] }))).toEqual(['none', 'low', 'low']);
  });

  it('are taken by name, whatever their order', async () => {
    const model = await fitted(CLASSIFIER, flowers, species, { nEstimators: 5 });
    const reversed = flowers.select(flowers.columnNames.toReversed());
    expect(await predicted(model, reversed)).toEqual(await predicted(model, flowers));
  });

  it('are predicted in chunks as they are at once', async () => {
    const { estimator, state } = await fitted(REGRESSION, patients, progress, { nEstimators: 5 });
    const rows = Array.from({ length: 10_000 }, (_, i) => i % patients.rowCount);
    const context = contextOf(2);
    const many = await estimator.predict(state, patients.take(rows), context);
    const few = await estimator.predict(state, patients, contextOf());
    expect(many.slice(0, patients.rowCount).toRows()).toEqual(few.toRows());
    expect((context.threads as { calls?: string[] }).calls).toEqual(['forest.predict', 'forest.predict']);
  });

  it.each([
    ['there are no rows', flowers.slice(0, 0), /X has no rows/],
    ['columns are missing', frame({ sepal_length: [1] }), /lacks sepal_width/],
    [
      'a column is unknown',
      frame({ ...Object.fromEntries(flowers.columnNames.map((n) => [n, [1]])), extra: [1] }),
      /has extra, unknown/,
    ],
    [
      'a value is infinite',
      frame(Object.fromEntries(flowers.columnNames.map((n) => [n, [Number.POSITIVE_INFINITY]]))),
      /infinite/,
    ],
  ])('are refused when %s', async (_, X, message) => {
    const { estimator, state } = await fitted(CLASSIFIER, flowers, species, { nEstimators: 2 });
    await expect(estimator.predict(state, X, contextOf())).rejects.toThrow(InvalidData);
    await expect(estimator.predict(state, X, contextOf())).rejects.toThrow(message);
  });

  it.each([
    ['no rows', frame({ a: [] }), frame({ y: [] }), /no rows/],
    ['no columns', frame({}), frame({ y: [] }), /no columns/],
    ['fewer labels than rows', frame({ a: [1, 2] }), frame({ y: [1] }), /X has 2 rows and y has 1/],
    ['nested values', frame({ a: [{}, {}] }), frame({ y: [1, 2] }), /nested/],
    ['two targets', frame({ a: [1] }), frame({ y: [1], z: [2] }), /y has 2 columns/],
  ])('are refused in a fit with %s', async (_, X, y, message) => {
    await expect(fitted(REGRESSION, X, y)).rejects.toThrow(InvalidData);
    await expect(fitted(REGRESSION, X, y)).rejects.toThrow(message);
  });
});

describe('options of a forest', () => {
  it('are those of scikit-learn where none are given', () => {
    const defaults = { nEstimators: 100, maxDepth: null, minNumSamples: 1, useSampleBagging: true, seed: 42 };
    expect(estimatorOf(CLASSIFIER).parseOptions({})).toMatchObject({
      ...defaults,
      maxFeatures: 'sqrt',
      voting: 'soft',
    });
    expect(estimatorOf(REGRESSION).parseOptions(undefined)).toMatchObject({ ...defaults, maxFeatures: 1 });
  });

  it('do not change when parsed again, also as JSON', () => {
    const parse = (options: unknown) => estimatorOf(CLASSIFIER).parseOptions(options);
    const options = parse({
      nEstimators: 3,
      treeOptions: { maxDepth: Number.POSITIVE_INFINITY, minNumSamples: 4 },
    });
    expect(options).toMatchObject({ maxDepth: null, minNumSamples: 4 });
    expect(parse(JSON.parse(JSON.stringify(options)))).toEqual(options);
  });

  it.each([
    [{ nEstimators: 0 }, 'nEstimators'],
    [{ nTrees: 5 }, 'nTrees'],
    [{ maxFeatures: 2.5 }, 'maxFeatures'],
    [{ seed: 0.5 }, 'seed'],
    [{ treeOptions: { maxDepth: -1 } }, 'maxDepth'],
    ['many', 'RandomForestClassifier'],
  ])('are refused when wrong: %j', (options, name) => {
    expect(() => estimatorOf(CLASSIFIER).parseOptions(options)).toThrow(InvalidOptions);
    expect(() => estimatorOf(CLASSIFIER).parseOptions(options)).toThrow(name);
  });

  it('are refused when they ask for more features or rows than there are', async () => {
    await expect(fitted(CLASSIFIER, flowers, species, { maxFeatures: 5 })).rejects.toThrow(InvalidOptions);
    await expect(fitted(CLASSIFIER, flowers, species, { maxSamples: 151 })).rejects.toThrow(InvalidOptions);
  });
});
