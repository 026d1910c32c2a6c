import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CorruptObject, InvalidData, OperationNotSupported } from '../../../src/errors.ts';
import { DataFrame } from '../../../src/frame/data-frame.ts';
import { type OnnxModel, openOnnx, predictOnnx, predictProbaOnnx, scoreOnnx } from '../../../src/ml/onnx.ts';
import { contextOf, frame, readMlFixture } from '../../support/ml-fixtures.ts';

/** What scikit-learn predicted from X, by model. Models made by skl2onnx 1.20. */
interface Expected {
  readonly X: number[][] | Record<string, unknown[]>;
  readonly predict: unknown[];
  readonly predictProba?: number[][];
}

const expected = readMlFixture<Record<string, Expected>>('onnx/expected.json');

function openFile(name: string): Promise<OnnxModel> {
  return openOnnx(readFileSync(new URL(`../../fixtures/onnx/${name}.onnx`, import.meta.url)), contextOf());
}

function inputOf(name: string): DataFrame {
  const X = expected[name]?.X ?? [];
  return Array.isArray(X) ? DataFrame.fromRows(X) : frame(X);
}

async function predictions(model: OnnxModel, X: DataFrame): Promise<unknown[]> {
  const rows = (await predictOnnx(model, X, contextOf())).toRows();
  return rows.map((row) => Object.values(row)[0]);
}

describe('an ONNX model made by skl2onnx', () => {
  it.each([
    ['logistic-strings', 'strings as labels'],
    ['forest-integers', 'whole numbers as labels'],
    ['columns', 'an input of its own type for each column'],
  ])('%s predicts as scikit-learn does, with %s', async (name) => {
    const model = await openFile(name);
    const proba = await predictProbaOnnx(model, inputOf(name), contextOf());
    expect(model.type).toBe('classifier');
    expect(await predictions(model, inputOf(name))).toEqual(expected[name]?.predict);
    expect(proba.columnNames).toEqual(['0', '1', '2']);
    proba.toRows().forEach((row, i) => {
      Object.values(row).forEach((value, j) => {
        expect(value).toBeCloseTo(expected[name]?.predictProba?.[i]?.[j] ?? Number.NaN, 5);
      });
    });
  });

  it('predicts doubles exactly', async () => {
    const model = await openFile('linear-double');
    const values = await predictions(model, inputOf('linear-double'));
    expect(model.type).toBe('regressor');
    expected['linear-double']?.predict.forEach((value, i) => {
      expect(values[i]).toBeCloseTo(Number(value), 10);
    });
  });

  it.each(['logistic-strings', 'linear-double'])('%s takes columns of 32 bits for doubles', async (name) => {
    const model = await openFile(name);
    const doubles = inputOf(name).take([0, 1, 2]);
    const [first = '', second = '', ...others] = doubles.columnNames;
    const narrow = DataFrame.fromObject({
      [first]: Float32Array.of(1.5, 2.5, Number.NaN),
      [second]: Int32Array.of(1, 2, 3),
      ...Object.fromEntries(others.map((column) => [column, new Float32Array(3)])),
    });
    const wide = DataFrame.fromRows(narrow.toRows());
    expect(await predictions(model, narrow)).toEqual(await predictions(model, wide));
  });

  it('is scored: accuracy of a classifier, R² of a regression', async () => {
    const labels = frame({ species: expected['logistic-strings']?.predict ?? [] });
    const classifier = await openFile('logistic-strings');
    expect(await scoreOnnx(classifier, inputOf('logistic-strings'), labels, contextOf())).toEqual({
      metric: 'accuracy',
      value: 1,
    });
    const y = frame({ y: expected['linear-double']?.predict ?? [] });
    const regression = await openFile('linear-double');
    const { metric, value } = await scoreOnnx(regression, inputOf('linear-double'), y, contextOf());
    expect(metric).toBe('r2');
    expect(value).toBeCloseTo(1, 12);
  });

  it('predicts many rows in chunks, between which it stops', async () => {
    const model = await openFile('linear-double');
    const X = inputOf('linear-double').take(Array.from({ length: 5000 }, (_, i) => i % 6));
    expect(await predictions(model, X)).toHaveLength(5000);
    const controller = new AbortController();
    const context = {
      ...contextOf(1),
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('stopped')),
    };
    await expect(predictOnnx(model, X, context)).rejects.toThrow('stopped');
    expect((context.threads as { calls?: string[] }).calls).toEqual(['onnx.run']);
  });

  it('with a zipmap still predicts labels, and names the remedy for probabilities', async () => {
    const model = await openFile('logistic-zipmap');
    const X = inputOf('logistic-strings');
    expect(await predictions(model, X)).toEqual(expected['logistic-strings']?.predict);
    await expect(predictProbaOnnx(model, X, contextOf())).rejects.toThrow(OperationNotSupported);
    await expect(predictProbaOnnx(model, X, contextOf())).rejects.toThrow(/'zipmap': False/);
  });

  it('of a regression has no probabilities', async () => {
    const model = await openFile('linear-double');
    await expect(predictProbaOnnx(model, inputOf('linear-double'), contextOf())).rejects.toThrow(
      OperationNotSupported,
    );
  });
});

describe('data that do not suit an ONNX model', () => {
  const penguin = { bill_length_mm: [39.1], body_mass_g: [3750], island: ['Torgersen'], sex: ['male'] };

  it.each([
    [
      'too few columns',
      'logistic-strings',
      frame({ a: [1], b: [2], c: [3] }),
      /X has 3 columns \(a, b, c\).*expects 4/,
    ],
    [
      'strings for numbers',
      'logistic-strings',
      frame({ a: [1], b: [2], c: [3], d: ['x'] }),
      /column 'd' holds string/,
    ],
    [
      'infinite values',
      'linear-double',
      frame(Object.fromEntries([...'abcdefghij'].map((n) => [n, [Number.POSITIVE_INFINITY]]))),
      /infinite/,
    ],
    [
      'other names',
      'columns',
      frame({ ...penguin, year: [2007] }),
      /expects the columns bill_length_mm.*year/,
    ],
    ['numbers for strings', 'columns', frame({ ...penguin, sex: [1] }), /column 'sex'.*expects strings/],
    [
      'missing strings',
      'columns',
      frame({ ...penguin, sex: [null, 'male'], ...twice(penguin) }),
      /column 'sex' has 1 missing/,
    ],
    [
      'fractions for whole numbers',
      'columns',
      frame({ ...penguin, body_mass_g: [0.5] }),
      /column 'body_mass_g'.*int64/,
    ],
    [
      'missing whole numbers',
      'columns',
      frame({ ...penguin, body_mass_g: [Number.NaN] }),
      /column 'body_mass_g' has 1 missing/,
    ],
  ])('are refused: %s', async (_, name, X, message) => {
    const model = await openFile(name);
    await expect(predictOnnx(model, X, contextOf())).rejects.toThrow(InvalidData);
    await expect(predictOnnx(model, X, contextOf())).rejects.toThrow(message);
  });

  it.each([
    ['beyond int32', { count: [3e9], flag: [true] }, /column 'count' holds 3000000000.*int32.*2147483647/],
    ['below int32', { count: [-(2 ** 31) - 1], flag: [true] }, /column 'count' holds -2147483649.*int32/],
    ['other than 0 and 1 for a bool', { count: [1], flag: [2] }, /column 'flag' holds 2.*bool.*from 0 to 1/],
    ['that a byte would wrap, for a bool', { count: [1], flag: [256] }, /column 'flag' holds 256/],
  ])('are refused: numbers %s', async (_, columns, message) => {
    const prediction = predictOnnx(await openFile('integers'), frame(columns), contextOf());
    await expect(prediction).rejects.toThrow(InvalidData);
    await expect(prediction).rejects.toThrow(message);
  });

  it('are refused: numbers that a float cannot hold', async () => {
    const model = await openFile('logistic-strings');
    const X = frame({ a: [1], b: [2], c: [3], d: [1e39] });
    await expect(predictOnnx(model, X, contextOf())).rejects.toThrow(/column 'd' holds 1e\+39.*float32/);
  });

  it('may be whole numbers up to the limits of the input', async () => {
    const X = frame({ count: [-(2 ** 31), 2 ** 31 - 1], flag: [0, 1] });
    expect(await predictions(await openFile('integers'), X)).toEqual([-(2 ** 31), 2 ** 31]);
  });

  it('may have missing numbers where the model takes doubles', async () => {
    const model = await openFile('linear-double');
    const X = frame(Object.fromEntries([...'abcdefghij'].map((name) => [name, [1, null]])));
    expect(await predictions(model, X)).toEqual([expect.any(Number), Number.NaN]);
  });

  function twice(columns: Record<string, unknown[]>): Record<string, unknown[]> {
    const { sex: _, ...others } = columns;
    return Object.fromEntries(Object.entries(others).map(([name, values]) => [name, [...values, ...values]]));
  }
});

describe('bytes that are no ONNX model', () => {
  it.each([
    ['text', Buffer.from('not a model')],
    ['nothing', Buffer.alloc(0)],
    [
      'half a model',
      readFileSync(new URL('../../fixtures/onnx/forest-integers.onnx', import.meta.url)).subarray(0, 700),
    ],
  ])('are refused: %s', async (_, bytes) => {
    await expect(openOnnx(bytes, contextOf())).rejects.toThrow(CorruptObject);
  });
});
