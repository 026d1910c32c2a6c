import { expect, it } from 'vitest';
import { packBits, unpackBits } from '../../../src/frame/bits.ts';

it.each([0, 1, 7, 8, 9, 64, 100])('%i flags survive as bits', (length) => {
  const flags = Uint8Array.from({ length }, (_, i) => (i % 3 === 0 ? 1 : 0));
  const bits = packBits(flags);
  expect(bits).toHaveLength(Math.ceil(length / 8));
  const unpacked = new Uint8Array(length).fill(9);
  unpackBits(bits, unpacked);
  expect(unpacked).toEqual(flags);
});
