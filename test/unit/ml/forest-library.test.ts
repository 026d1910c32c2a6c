import { RandomForestClassifier, RandomForestRegression } from 'ml-random-forest';
import { describe, expect, it } from 'vitest';
import { CorruptObject } from '../../../src/errors.ts';
import {
  contextOf,
  type Diabetes,
  estimatorOf,
  fitted,
  frame,
  type Iris,
  predicted,
  readMlFixture,
} from '../../support/ml-fixtures.ts';

const iris = readMlFixture<Iris>('ml/iris.json');
const diabetes = readMlFixture<Diabetes>('ml/diabetes.json');
const flowers = frame(iris.columns);
const patients = frame(diabetes.columns);
const labels = ['setosa', 'versicolor', 'virginica'];

function rowsOf(columns: Readonly<Record<string, readonly number[]>>): number[][] {
  const values = Object.values(columns);
  return (values[0] ?? []).map((_, row) => values.map((column) => column[row] ?? 0));
}

/** What of a stock instance the tests call. */
interface Stock {
  train(X: number[][], y: number[]): void;
  predict(X: number[][]): number[];
  predictionValues(X: number[][]): { to2DArray(): number[][] };
}

function stock(instance: object): Stock {
  return instance as Stock;
}

describe('a forest exported to ml-random-forest', () => {
  it('predicts each tree the same in a regression', async () => {
    const options = { nEstimators: 10, selectionMethod: 'median' };
    const model = await fitted('RandomForestRegression', patients, frame({ y: diabetes.y }), options);
    const instance = model.estimator.toInstance(model.state.meta.options, model.state);
    const median = await predicted(model, patients);
    stock(instance)
      .predict(rowsOf(diabetes.columns))
      .forEach((value, i) => {
        expect(value).toBeCloseTo(Number(median[i]), 9);
      });
  });

  it('counts the votes that hard voting counts', async () => {
    const options = { nEstimators: 9, maxDepth: 3, voting: 'hard' };
    const model = await fitted('RandomForestClassifier', flowers, frame({ y: iris.species }), options);
    const instance = stock(model.estimator.toInstance(model.state.meta.options, model.state));
    const shares = await model.estimator.predictProba?.(model.state, flowers, contextOf());
    const votes = instance.predictionValues(rowsOf(iris.columns)).to2DArray();
    expect(shares?.toRows()).toEqual(
      votes.map((row) => Object.fromEntries(labels.map((label, code) => [label, share(row, code)]))),
    );
  });

  it('is an unfitted instance with the same options before the fit', () => {
    const classifier = estimatorOf('RandomForestClassifier');
    const options = classifier.parseOptions({ nEstimators: 7, seed: 3, maxDepth: 5 });
    const instance = classifier.toInstance(options, null);
    expect(instance).toBeInstanceOf(RandomForestClassifier);
    expect(classifier.fromInstance(instance)).toEqual({ options, state: null });
  });
});

describe('an instance of ml-random-forest', () => {
  it('is accepted by the estimator of its class only', () => {
    const instance = new RandomForestRegression({ nEstimators: 2 });
    expect(estimatorOf('RandomForestRegression').accepts(instance)).toBe(true);
    expect(estimatorOf('RandomForestRegression').accepts(RandomForestRegression)).toBe(true);
    expect(estimatorOf('RandomForestClassifier').accepts(instance)).toBe(false);
    expect(estimatorOf('RandomForestClassifier').accepts({ nEstimators: 2 })).toBe(false);
    expect(estimatorOf('RandomForestClassifier').accepts(null)).toBe(false);
  });

  it('brings its trees along once trained', async () => {
    const instance = stock(new RandomForestClassifier({ nEstimators: 5, noOOB: true }));
    const y = iris.species.map((name) => 10 * labels.indexOf(name));
    instance.train(rowsOf(iris.columns), y);
    const estimator = estimatorOf('RandomForestClassifier');
    const { state } = estimator.fromInstance(instance);
    if (!state) throw new Error('no state');
    expect(state.meta.target.classes).toEqual([0, 10, 20]);
    expect(await predicted({ estimator, state }, flowers)).toEqual(instance.predict(rowsOf(iris.columns)));
    const back = stock(estimator.toInstance(state.meta.options, state));
    expect(back.predict(rowsOf(iris.columns))).toEqual(instance.predict(rowsOf(iris.columns)));
  });

  it('brings its trees along once trained as a regression', async () => {
    const instance = stock(new RandomForestRegression({ nEstimators: 3, noOOB: true, maxFeatures: 2 }));
    instance.train(rowsOf(diabetes.columns).slice(0, 100), diabetes.y.slice(0, 100));
    const estimator = estimatorOf('RandomForestRegression');
    const { state } = estimator.fromInstance(instance);
    if (!state) throw new Error('no state');
    const values = await predicted({ estimator, state }, patients);
    instance.predict(rowsOf(diabetes.columns)).forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 9);
    });
  });

  it('is refused when its trees cannot be read', () => {
    const damaged = Object.assign(new RandomForestClassifier({}), {
      estimators: [{ toJSON: () => ({}) }],
      indexes: [[0]],
    });
    expect(() => estimatorOf('RandomForestClassifier').fromInstance(damaged)).toThrow(CorruptObject);
  });
});

function share(votes: readonly number[], code: number): number {
  return votes.filter((vote) => vote === code).length / votes.length;
}
