import { describe, expect, it } from 'vitest';
import { OperationNotSupported } from '../../../src/errors.ts';
import { valueAt } from '../../../src/frame/column-rows.ts';
import type { DataFrame } from '../../../src/frame/data-frame.ts';
import { openOnnx, predictOnnx, predictProbaOnnx } from '../../../src/ml/onnx.ts';
import { exportOnnx } from '../../../src/ml/onnx-export/export.ts';
import { exportedModels } from '../../support/exported-models.ts';
import { contextOf, type Fitted, fitted, frame } from '../../support/ml-fixtures.ts';

function open({ estimator, state }: Fitted) {
  return openOnnx(exportOnnx(estimator, state), contextOf());
}

/** Column by column. */
function valuesOf({ columns }: DataFrame): unknown[][] {
  return [...columns.values()].map((column) => {
    return Array.from({ length: column.values.length }, (_, row) => valueAt(column, row));
  });
}

function expectSame(values: unknown[][], expected: unknown[][]): void {
  expect(values).toHaveLength(expected.length);
  expected.flat().forEach((value, i) => {
    const own = values.flat()[i];
    if (typeof value !== 'number') expect(own).toBe(value);
    else expect(Math.abs(Number(own) - value)).toBeLessThanOrEqual(1e-10 * Math.max(1, Math.abs(value)));
  });
}

describe('an exported model', () => {
  it.each(exportedModels)('predicts in onnxruntime what it predicts itself: $name', async ({ X, train }) => {
    const model = await train();
    const own = valuesOf(await model.estimator.predict(model.state, X, contextOf()));
    const onnx = await open(model);
    const isTrue = (value: unknown) => (typeof value === 'boolean' ? Number(value) : value);
    expectSame(
      valuesOf(await predictOnnx(onnx, X, contextOf())),
      own.map((column) => column.map(isTrue)),
    );
    if (!model.estimator.predictProba) return;
    const probabilities = await model.estimator.predictProba(model.state, X, contextOf());
    expectSame(valuesOf(await predictProbaOnnx(onnx, X, contextOf())), valuesOf(probabilities));
  });

  it('keeps numbers that floats cannot hold', async () => {
    const X = frame({ x: [1_700_000_000.25, 1_700_000_001.25] });
    const model = await fitted('RandomForestRegression', X, X, { nEstimators: 1, useSampleBagging: false });
    expect(valuesOf(await predictOnnx(await open(model), X, contextOf()))).toEqual(valuesOf(X));
  });

  it('sends missing numbers where the forest sends them', async () => {
    const X = frame({ a: [1, 2, 3, null, null, null] });
    const y = frame({ label: ['low', 'low', 'low', 'none', 'none', 'none'] });
    const model = await fitted('RandomForestClassifier', X, y, { useSampleBagging: false });
    const predicted = await predictOnnx(await open(model), frame({ a: [null, 2, 1e300] }), contextOf());
    expect(valuesOf(predicted)).toEqual([['none', 'low', 'low']]);
  });

  it('takes a string that the fit never saw as the model does', async () => {
    const X = frame({ color: ['red', 'blue', 'red', 'blue'], size: [1, 2, 3, 4] });
    const model = await fitted('MultivariateLinearRegression', X, frame({ y: [1, 5, 3, 7] }));
    const unseen = frame({ color: ['green'], size: [2] });
    const own = await model.estimator.predict(model.state, unseen, contextOf());
    expectSame(valuesOf(await predictOnnx(await open(model), unseen, contextOf())), valuesOf(own));
  });

  it('predicts what the model does where columns have the names of values in the graph', async () => {
    const names = ['c0', 'v0', 'c1', 'v1', 'v1_', 'v2', 'c2', 'i0', 'X'];
    const numbers = names.map((name, i) => [name, [i, 2, 3 * i, 4, 1]] as const);
    const X = frame({ v3: ['red', 'blue', 'red', 'blue', 'red'], ...Object.fromEntries(numbers) });
    const model = await fitted('Ridge', X, frame({ y: [1, 5, 3, 7, 2] }));
    const own = await model.estimator.predict(model.state, X, contextOf());
    expectSame(valuesOf(await predictOnnx(await open(model), X, contextOf())), valuesOf(own));
  });

  it.each([
    ['Ridge', 'variable', [1, 2, 3, 4]],
    ['LogisticRegression', 'label', ['a', 'b', 'a', 'b']],
    ['RandomForestClassifier', 'probabilities', ['a', 'b', 'a', 'b']],
  ])('is refused where a column of a %s has the name of its output %s', async (name, column, labels) => {
    const X = frame({ color: ['red', 'blue', 'red', 'blue'], [column]: [1, 2, 3, 4] });
    const { estimator, state } = await fitted(name, X, frame({ y: labels }));
    expect(() => exportOnnx(estimator, state)).toThrow(OperationNotSupported);
    expect(() => exportOnnx(estimator, state)).toThrow(`column '${column}' has the name of an output`);
  });

  it('is refused where strings are empty in some rows and missing in others, which it could not tell apart', async () => {
    const X = frame({ color: ['', null, 'red', ''], size: [1, 2, 3, 4] });
    const { estimator, state } = await fitted('Ridge', X, frame({ y: [0, 10, 3, 1] }));
    expect(() => exportOnnx(estimator, state)).toThrow(OperationNotSupported);
    expect(() => exportOnnx(estimator, state)).toThrow(/column 'color' has empty strings and missing ones/);
  });

  it('of the same state is the same file', async () => {
    const { estimator, state } = await fitted(
      'MultivariateLinearRegression',
      frame({ x: [1, 2] }),
      frame({ y: [1, 2] }),
    );
    expect(exportOnnx(estimator, state)).toEqual(exportOnnx(estimator, state));
  });
});
