import { totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config.ts';
import { ImproperlyConfigured } from '../../../src/errors.ts';
import { capacityOf, resultLimit, supervisorHeapMib } from '../../../src/worker/capacity.ts';
import { cpuCount, memoryLimit } from '../../../src/worker/cgroup.ts';
import { cgroup } from '../../support/cgroup.ts';

const MIB = 2 ** 20;
const defaults = loadSettings({});
const SMALL = {
  v2: { 'memory.max': `${256 * MIB}\n`, 'cpu.max': '50000 100000\n' },
  v1: {
    'memory/memory.limit_in_bytes': `${256 * MIB}\n`,
    'cpu/cpu.cfs_quota_us': '50000\n',
    'cpu/cpu.cfs_period_us': '100000\n',
  },
};

it.each(['v1', 'v2'] as const)(
  '256 MiB and half a CPU are one slot, with heaps within them (%s)',
  (version) => {
    const root = cgroup(SMALL[version]);
    const memory = memoryLimit(root, 0);
    expect(capacityOf(defaults, { cpus: cpuCount(root), memory })).toEqual({
      slots: 1,
      cores: 1,
      memory: 256 * MIB,
      executorKib: 156 * 1024,
      executorHeapMib: 70,
    });
    expect(supervisorHeapMib(memory)).toBe(64);
  },
);

describe('slots', () => {
  it('are as many as CPUs where the memory is enough', () => {
    expect(capacityOf(defaults, { cpus: 4, memory: 4096 * MIB })).toMatchObject({ slots: 4, cores: 4 });
    expect(capacityOf(defaults, { cpus: 4, memory: null })).toMatchObject({ slots: 4, cores: 4 });
  });

  it('are fewer where it is not, and their tasks may use every CPU', () => {
    expect(capacityOf(defaults, { cpus: 4, memory: 512 * MIB })).toMatchObject({ slots: 2, cores: 4 });
  });

  it('are those of the setting', () => {
    const limits = { cpus: 4, memory: 1024 * MIB };
    expect(capacityOf({ ...defaults, concurrency: 5 }, limits).slots).toBe(5);
    expect(capacityOf({ ...defaults, autoscale: [5, 2] }, limits).slots).toBe(2);
  });
});

describe('the memory of an executor', () => {
  it('is its share of what the supervisor leaves, for as many as there may be', () => {
    const limits = { cpus: 2, memory: 2000 * MIB };
    expect(capacityOf(defaults, limits).executorKib).toBe(800 * 1024);
    expect(capacityOf({ ...defaults, autoscale: [5, 1] }, limits).executorKib).toBe(320 * 1024);
  });

  it('is that of the setting, whatever the limits', () => {
    const given = { ...defaults, concurrency: 2, memoryLimit: 400 * 1024 };
    for (const memory of [null, 300 * MIB, 8192 * MIB])
      expect(capacityOf(given, { cpus: 2, memory })).toMatchObject({
        executorKib: 400 * 1024,
        executorHeapMib: 180,
      });
  });

  it('is not limited where nothing limits the node', () => {
    const capacity = capacityOf({ ...defaults, concurrency: 1024 }, { cpus: 2, memory: null });
    expect(capacity).toMatchObject({ executorKib: null, executorHeapMib: 256, memory: totalmem() });
    expect(supervisorHeapMib(null)).toBeNull();
  });
});

describe('a result', () => {
  it.each([
    [76, 1, 4],
    [76, 2, 2],
    [560, 1, 41],
    [560, 4, 19],
    [8192, 4, 256],
  ])('beside a heap of %i MiB, with slots for %i, may have %i MiB', (heap, slots, most) => {
    expect(Math.floor(resultLimit(slots, heap * MIB) / MIB)).toBe(most);
  });
});

describe('too little memory', () => {
  const refusal = (given: object, memory: number | null) => () =>
    capacityOf({ ...defaults, ...given }, { cpus: 1, memory });

  it('is refused, with how much there must be, or how many slots', () => {
    expect(refusal({}, 200 * MIB)).toThrow(ImproperlyConfigured);
    expect(refusal({}, 200 * MIB)).toThrow(
      'each executor would have 45 MiB of heap, which is less than the 64 that tasks need: 1 slots share 200 MiB of memory. Give the container 243 MiB, or the worker fewer slots (OMEGA_WORKER_CONCURRENCY)',
    );
    expect(refusal({ concurrency: 8 }, 1024 * MIB)).toThrow('Give the container 1430 MiB');
    expect(refusal({}, 64 * MIB)).toThrow('each executor would have 0 MiB of heap');
  });

  it('is enough as soon as there is what was asked for', () => {
    expect(refusal({}, 243 * MIB)).not.toThrow();
    expect(refusal({ concurrency: 8 }, 1430 * MIB)).not.toThrow();
  });

  it('is refused where a setting is the reason', () => {
    expect(refusal({ memoryLimit: 100 * 1024 }, null)).toThrow(
      'set OMEGA_WORKER_MEMORY_LIMIT to 146432 (KiB)',
    );
    expect(refusal({ memoryLimit: 143 * 1024 }, null)).not.toThrow();
  });
});
