import { execFileSync } from 'node:child_process';
import { beforeAll, expect, it } from 'vitest';
import { toFloat64Array } from '../../src/frame/numeric.ts';
import { score } from '../../src/ml/scoring.ts';
import { contextOf, everyNth, type Fitted, fitted, frame, predicted } from '../support/ml-fixtures.ts';
import { pythonPath } from '../support/python.ts';

/** A fit of scikit-learn to one of its datasets. */
interface Case {
  readonly estimator: string;
  readonly dataset: string;
  readonly options: object;
  readonly columns: Record<string, number[]>;
  readonly y: unknown[];
  /** For the rows of the fit; of a classifier the probability of the last class. */
  readonly predictions?: number[];
  /** On every fourth row, which the fit has not seen. */
  readonly score?: number;
}

/** Between both predictions, relative to the largest; what a random forest may score below the mean of five. */
const MAX_DIFFERENCE = 1e-10;
const MAX_SCORE_DIFFERENCE = 0.05;

let cases: Case[];

beforeAll(() => {
  const printed = execFileSync(pythonPath(), ['test/python/agreement.py'], { maxBuffer: 2 ** 26 });
  cases = JSON.parse(printed.toString()) as Case[];
}, 300_000);

async function predictionsOf(model: Fitted, columns: Case['columns']): Promise<number[]> {
  const X = frame(columns);
  const proba = await model.estimator.predictProba?.(model.state, X, contextOf());
  if (!proba) return (await predicted(model, X)).map(Number);
  const last = proba.columnNames.at(-1) ?? '';
  return [...toFloat64Array(proba.column(last), last)];
}

/** By estimator and dataset: how far we are from scikit-learn. */
async function differenceOf({
  estimator,
  options,
  columns,
  y,
  predictions,
  score: expected,
}: Case): Promise<number> {
  const [X, Y] = [frame(columns), frame({ y })];
  if (predictions) {
    const values = await predictionsOf(await fitted(estimator, X, Y, options), columns);
    const largest = predictions.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return predictions.reduce((most, value, row) => {
      return Math.max(most, Math.abs(value - (values[row] ?? Number.NaN)) / largest);
    }, 0);
  }
  const model = await fitted(estimator, everyNth(X, 4, false), everyNth(Y, 4, false), options);
  const held = [everyNth(X, 4, true), everyNth(Y, 4, true)] as const;
  const { value } = await score(model.estimator, model.state, ...held, contextOf());
  return (expected ?? Number.NaN) - value;
}

it('every estimator agrees with scikit-learn on three of its datasets', { timeout: 300_000 }, async () => {
  const differences = await Promise.all(
    cases.map(async (each) => [`${each.estimator}, ${each.dataset}`, await differenceOf(each)] as const),
  );
  for (const [name, difference] of differences) {
    const limit = name.startsWith('RandomForest') ? MAX_SCORE_DIFFERENCE : MAX_DIFFERENCE;
    expect.soft(difference, name).toBeLessThan(limit);
  }
  const estimators = new Set(cases.map(({ estimator }) => estimator));
  for (const estimator of estimators) {
    expect(cases.filter((each) => each.estimator === estimator).map(({ dataset }) => dataset)).toHaveLength(
      3,
    );
  }
  process.stderr.write(`${JSON.stringify(Object.fromEntries(differences))}\n`);
});
