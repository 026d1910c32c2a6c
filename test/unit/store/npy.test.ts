import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CorruptObject, InvalidData, KindNotSupported } from '../../../src/errors.ts';
import { NdArray } from '../../../src/frame/nd-array.ts';
import { decodeNpy, encodeNpy, toNdArray } from '../../../src/store/npy.ts';

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/npy/${name}.npy`, import.meta.url));
}

describe('an array that numpy has written', () => {
  it.each([
    ['float64', 'float64', [2, 3], [1.5, 2, -3.25, Number.NaN, 5, 6]],
    ['int64', 'int64', [3], [1n, -2n, 2n ** 60n]],
    ['bool', 'bool', [3], [1, 0, 1]],
    ['big-endian', 'float32', [2], [1.5, -2]],
    ['scalar', 'uint16', [], [7]],
    ['version2', 'uint8', [3], [1, 2, 3]],
    ['fortran', 'float64', [2, 3, 4], Array.from({ length: 24 }, (_, i) => i)],
  ])('is read: %s', (name, dtype, shape, values) => {
    const array = decodeNpy(fixture(name), name);
    expect([array.dtype, array.shape, [...array.values]]).toEqual([dtype, shape, values]);
  });

  it.each([['float64'], ['int64'], ['bool'], ['scalar']])('is written byte for byte the same: %s', (name) => {
    expect(encodeNpy(decodeNpy(fixture(name), name))).toEqual(fixture(name));
  });

  it('is refused when its elements are no numbers', () => {
    expect(() => decodeNpy(fixture('text'), 'words')).toThrow(KindNotSupported);
  });
});

describe('bytes that are no array', () => {
  it.each([
    ['empty', Buffer.alloc(0)],
    ['something else', Buffer.from('PK\x03\x04 something else')],
    ['cut off', fixture('float64').subarray(0, 150)],
    [
      'with a damaged header',
      Buffer.from(fixture('float64').toString('latin1').replace('shape', 'xxxxx'), 'latin1'),
    ],
  ])('are refused: %s', (_, bytes) => {
    expect(() => decodeNpy(bytes, 'damaged')).toThrow(CorruptObject);
    expect(() => decodeNpy(bytes, 'damaged')).toThrow(/'damaged'/);
  });
});

describe('a typed array', () => {
  it.each([
    [Float32Array.of(1.5), 'float32'],
    [Int8Array.of(-1), 'int8'],
    [BigUint64Array.of(2n ** 63n), 'uint64'],
    [Uint8Array.of(255), 'uint8'],
  ])('%o becomes an array of one dimension', (values, dtype) => {
    const array = decodeNpy(encodeNpy(toNdArray(values)), 'x');
    expect([array.dtype, array.shape, array.values]).toEqual([dtype, [1], values]);
  });

  it('of a type that numpy has not is refused', () => {
    expect(() => toNdArray(new Uint8ClampedArray(1))).toThrow(InvalidData);
    expect(() => toNdArray('x')).toThrow(InvalidData);
  });

  it('keeps the shape given', () => {
    const array = new NdArray('int16', Int16Array.of(1, 2, 3, 4), [2, 1, 2]);
    expect(decodeNpy(encodeNpy(array), 'x')).toEqual(array);
  });
});
