import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryLimitExceeded } from '../../../src/errors.ts';
import {
  allocatedBytes,
  allocateFloat64,
  allocateShared,
  limitAllocations,
} from '../../../src/frame/allocation.ts';

const MIB = 2 ** 20;

afterEach(() => limitAllocations(Number.POSITIVE_INFINITY));

/** Lets what was dropped be counted as free. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('memory for columns', () => {
  it('is refused above the limit, with what to do', () => {
    limitAllocations(allocatedBytes() + 10 * MIB);
    const kept = allocateFloat64(MIB);
    expect(() => allocateFloat64(MIB)).toThrow(MemoryLimitExceeded);
    expect(() => allocateFloat64(MIB)).toThrow(/a column of 8 MiB does not fit.*read in blocks/);
    expect(kept.length).toBe(MIB);
  });

  it('is given back when it is dropped, so that the sum of all may be far above the limit', async () => {
    limitAllocations(allocatedBytes() + 200 * MIB);
    for (let i = 0; i < 30; i += 1) {
      allocateShared(20 * MIB);
      await nextTurn();
    }
    await vi.waitFor(() => expect(allocatedBytes()).toBeLessThan(200 * MIB));
  });
});
