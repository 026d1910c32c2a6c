/** Seeded random numbers, the same on every platform and thread. */

/** A stream of random numbers. */
export interface Random {
  /** An integer from 0 to `bound` - 1, each equally likely. */
  below(bound: number): number;
}

/**
 * Stream number `stream` of a seed: sfc32 by Chris Doty-Humphrey (PractRand), its state filled by the
 * finalizer of MurmurHash3, so that neighbouring seeds and streams have nothing in common.
 */
export function createRandom(seed: number, stream: number): Random {
  let a = mix(seed);
  let b = mix(stream ^ 0x9e3779b9);
  let c = mix(a ^ b);
  let counter = 1;
  for (let i = 0; i < 12; i += 1) next();
  return { below };

  function next(): number {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return result >>> 0;
  }

  function below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let value = next();
    while (value >= limit) value = next();
    return value % bound;
  }
}

function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
