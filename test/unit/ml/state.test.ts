import { describe, expect, it } from 'vitest';
import { CorruptObject } from '../../../src/errors.ts';
import {
  decodeState,
  encodeState,
  float64Array,
  int32Array,
  type ModelState,
} from '../../../src/ml/state.ts';
import { contextOf, fitted, frame, predicted } from '../../support/ml-fixtures.ts';

const state: ModelState = {
  meta: {
    estimator: 'SimpleLinearRegression',
    options: {},
    features: [{ name: 'größe', type: 'string', categories: ['a', null] }],
    named: true,
    target: { names: ['y'], classes: [true, false] },
  },
  arrays: {
    doubles: Float64Array.of(1.5, Number.NaN, -0),
    integers: Int32Array.of(1, -2, 3),
    bytes: Uint8Array.of(255),
    none: new Float64Array(0),
  },
};

describe('a model state', () => {
  it('is the same after encoding and decoding, on shared memory', () => {
    const decoded = decodeState(encodeState(state));
    expect(decoded).toEqual(state);
    expect(decoded.arrays.doubles?.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it('predicts the same after encoding and decoding', async () => {
    const X = frame({ color: ['red', 'blue', 'red', 'green'], size: [1, 2, 3, 4] });
    const model = await fitted('RandomForestClassifier', X, frame({ y: ['a', 'b', 'a', 'c'] }), {
      nEstimators: 5,
    });
    const decoded = { ...model, state: decodeState(encodeState(model.state)) };
    expect(await predicted(decoded, X)).toEqual(await predicted(model, X));
    const [one, two] = await Promise.all(
      [model, decoded].map((each) => each.estimator.predictProba?.(each.state, X, contextOf())),
    );
    expect(one?.toRows()).toEqual(two?.toRows());
  });

  it('may lie anywhere in a buffer', () => {
    const bytes = encodeState(state);
    const shifted = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
    expect(decodeState(shifted)).toEqual(state);
  });

  it.each([
    ['nothing', (_: Uint8Array) => new Uint8Array(0)],
    ['other bytes', (_: Uint8Array) => Buffer.from('PK\u0003\u0004 some archive')],
    ['a cut-off end', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 8)],
    ['a cut-off header', (bytes: Uint8Array) => bytes.subarray(0, 40)],
    ['a damaged header', (bytes: Uint8Array) => withText(bytes, '"meta"', '"mate"')],
    ['an array that claims to be longer', (bytes: Uint8Array) => withText(bytes, '"length":3', '"length":9')],
    ['an array of an unknown type', (bytes: Uint8Array) => withText(bytes, '"int32"', '"int33"')],
  ])('is refused as corrupt: %s', (_, damage) => {
    expect(() => decodeState(damage(encodeState(state)))).toThrow(CorruptObject);
  });

  it('names what is missing in it', () => {
    expect(() => float64Array(state, 'weights')).toThrow(/SimpleLinearRegression has no array 'weights'/);
    expect(() => int32Array(state, 'doubles')).toThrow(CorruptObject);
  });
});

function withText(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const damaged = Buffer.from(bytes);
  damaged.write(to, damaged.indexOf(from), 'latin1');
  return damaged;
}
