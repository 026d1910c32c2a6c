import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openOnnx, predictOnnx } from '../../../src/ml/onnx.ts';
import { contextOf, type Diabetes, frame, type Iris, readMlFixture } from '../../support/ml-fixtures.ts';

/** What scikit-learn 1.9 predicts, by the name of the file that skl2onnx 1.20 made. */
const kinds = readMlFixture<Record<string, (string | number)[]>>('onnx/kinds.json');
const flowers = frame(readMlFixture<Iris>('ml/iris.json').columns);
const patients = frame(readMlFixture<Diabetes>('ml/diabetes.json').columns);

function isNear(value: unknown, expected: string | number): boolean {
  if (typeof expected === 'string') return value === expected;
  return Math.abs(Number(value) - expected) <= 1e-4 * Math.abs(expected);
}

it.each(Object.entries(kinds))('a %s of scikit-learn predicts as it does there', async (name, expected) => {
  const model = await openOnnx(readFileSync(`test/fixtures/onnx/kinds/${name}.onnx`), contextOf());
  const X = expected.length === flowers.rowCount ? flowers : patients;
  const rows = (await predictOnnx(model, X, contextOf())).toRows().map((row) => Object.values(row)[0]);
  const near = expected.filter((value, row) => isNear(rows[row], value)).length;
  expect(near / expected.length).toBeGreaterThanOrEqual(0.999);
});
