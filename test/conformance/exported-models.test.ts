import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DataFrame } from '../../src/frame/data-frame.ts';
import { exportOnnx } from '../../src/ml/onnx-export/export.ts';
import { exportedModels } from '../support/exported-models.ts';
import { contextOf, type Fitted } from '../support/ml-fixtures.ts';
import { pythonPath } from '../support/python.ts';

/** By the names of the outputs, row by row. */
type Outputs = Readonly<Record<'label' | 'probabilities' | 'variable', unknown[]>>;

/** The rows as the inputs of an exported model take them. */
function inputsOf(X: DataFrame, { state }: Fitted): Record<string, unknown[][]> {
  const rows = X.toRows();
  if (!state.meta.features.some(({ categories }) => categories)) {
    return { X: rows.map((row) => X.columnNames.map((name) => row[name])) };
  }
  return Object.fromEntries(X.columnNames.map((name) => [name, rows.map((row) => [row[name]])]));
}

it('every exported model predicts the same in Python, and is a valid ONNX file', {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'omega-exports-'));
  try {
    const models = await Promise.all(
      exportedModels.map(async ({ X, train }) => ({ X, model: await train() })),
    );
    const cases = models.map(({ X, model }, i) => {
      const file = join(folder, `${i}.onnx`);
      writeFileSync(file, exportOnnx(model.estimator, model.state));
      return { file, inputs: inputsOf(X, model) };
    });
    const script = ['test/python/predict_onnx.py'];
    const printed = execFileSync(pythonPath(), script, { input: JSON.stringify(cases), maxBuffer: 2 ** 26 });
    const outputs = JSON.parse(printed.toString()) as Outputs[];
    for (const [i, { X, model }] of models.entries()) {
      const { label, variable } = outputs[i] ?? {};
      const predicted = await model.estimator.predict(model.state, X, contextOf());
      const own = predicted.toRows().map((row) => predicted.columnNames.map((name) => row[name]));
      const python = variable ?? label?.map((value) => [value]);
      own.flat().forEach((value, at) => {
        const other = python?.flat()[at];
        if (typeof value === 'string') expect(other).toBe(value);
        else expect(other).toBeCloseTo(Number(value), 8);
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
