import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { dataFile, readDiamonds, readPenguins, splitRows } from '../../src/cli/demo/data.ts';
import { columnFromValues } from '../../src/frame/column-rows.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { estimators } from '../../src/ml/estimators.ts';
import { openOnnx, predictOnnx } from '../../src/ml/onnx.ts';
import { score } from '../../src/ml/scoring.ts';
import { readBytes } from '../../src/models/file-backend.ts';
import { inlineThreads } from '../support/inline-threads.ts';
import { pythonPath } from '../support/python.ts';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const context = { threads: inlineThreads() };

/** Median over seeded splits of the score on held-out rows. */
async function medianScore(name: string, data: DataFrame, target: string, features: readonly string[]) {
  const estimator = estimators.get(name);
  if (!estimator) throw new Error(`no estimator ${name}`);
  const scores: number[] = [];
  for (const seed of SEEDS) {
    const { train, test } = splitRows(data, seed);
    const options = estimator.parseOptions({});
    const state = await estimator.fit(options, train.select(features), train.select([target]), context);
    const { value } = await score(estimator, state, test.select(features), test.select([target]), context);
    scores.push(value);
  }
  const sorted = scores.toSorted((a, b) => a - b);
  return ((sorted[4] ?? 0) + (sorted[5] ?? 0)) / 2;
}

it('the forest knows the species of at least 95 of 100 held-out penguins, median of 10 splits', async () => {
  const penguins = await readPenguins();
  const features = penguins.columnNames.filter((name) => name !== 'species' && name !== 'year');
  expect(await medianScore('RandomForestClassifier', penguins, 'species', features)).toBeGreaterThanOrEqual(
    0.95,
  );
}, 120_000);

it('the regression explains at least 0.90 of the price of held-out diamonds, median of 10 splits', async () => {
  const diamonds = await readDiamonds();
  const features = diamonds.columnNames.filter((name) => name !== 'price');
  const r2 = await medianScore('MultivariateLinearRegression', diamonds, 'price', features);
  expect(r2).toBeGreaterThanOrEqual(0.9);
}, 120_000);

it("the ONNX model agrees with scikit-learn's own predictions within 1e-5", async () => {
  const script = fileURLToPath(new URL('../python/make_demo_onnx.py', import.meta.url));
  const printed = execFileSync(pythonPath(), [script, '--predictions'], {
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  const { X, predictions }: { X: number[][]; predictions: number[] } = JSON.parse(printed);
  const names = ['carat', 'depth', 'table', 'x', 'y', 'z'];
  const columns = names.map((name, i) => [name, columnFromValues(X.map((row) => row[i]))] as const);
  const model = await openOnnx(await readBytes(dataFile('diamonds.onnx')), context);
  const predicted = await predictOnnx(model, new DataFrame(new Map(columns)), context);
  const ours = Array.from(predicted.columns.values().next().value?.values ?? [], Number);
  expect(ours).toHaveLength(predictions.length);
  const worst = Math.max(
    ...predictions.map((theirs, i) => Math.abs((ours[i] ?? 0) - theirs) / Math.abs(theirs)),
  );
  expect(worst).toBeLessThan(1e-5);
}, 120_000);
