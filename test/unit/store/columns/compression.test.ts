import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CorruptObject } from '../../../../src/errors.ts';
import { packBytes, unpackBytes } from '../../../../src/store/columns/compression.ts';

describe('bytes of a block', () => {
  it('are deflated when they shrink a lot, and come back', () => {
    const bytes = new Uint8Array(100_000).fill(7);
    const packed = packBytes(bytes);
    expect(packed).not.toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(unpackBytes(packed, bytes.length, 'x'), bytes)).toBe(0);
  });

  it('are left as they are when they do not, or are few', () => {
    const noise = new Uint8Array(Float64Array.from({ length: 5000 }, Math.random).buffer);
    expect(packBytes(noise)).toBe(noise);
    const few = new Uint8Array(1000);
    expect(packBytes(few)).toBe(few);
  });

  it('never become more than they may', () => {
    const deflated = deflateRawSync(new Uint8Array(10_000_000));
    expect(() => unpackBytes({ deflated }, 1000, 'x')).toThrow(CorruptObject);
    expect(() => unpackBytes({ deflated: Buffer.from('no') }, 1000, 'x')).toThrow(CorruptObject);
  });
});
