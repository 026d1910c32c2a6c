import { availableParallelism, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { cpuCount, cpuLimit, memoryLimit } from '../../../src/worker/cgroup.ts';
import { cgroup } from '../../support/cgroup.ts';

describe('cpuCount', () => {
  it('follows the quota of cgroup v2', () => {
    expect(cpuCount(cgroup({ 'cpu.max': '100000 100000\n' }))).toBe(1);
  });

  it('follows the quota of cgroup v1', () => {
    const files = { 'cpu/cpu.cfs_quota_us': '150000\n', 'cpu/cpu.cfs_period_us': '100000\n' };
    expect(cpuCount(cgroup(files))).toBe(1);
  });

  it('is at least one for less than a whole CPU', () => {
    expect(cpuCount(cgroup({ 'cpu.max': '50000 100000\n' }))).toBe(1);
  });

  it('is the number of the machine without a quota', () => {
    expect(cpuCount(cgroup({ 'cpu.max': 'max 100000\n' }))).toBe(availableParallelism());
    expect(cpuCount(cgroup({ 'cpu/cpu.cfs_quota_us': '-1', 'cpu/cpu.cfs_period_us': '100000' }))).toBe(
      availableParallelism(),
    );
    expect(cpuCount(cgroup({}))).toBe(availableParallelism());
  });

  it('is never more than the machine has', () => {
    expect(cpuCount(cgroup({ 'cpu.max': '100000000 100000' }))).toBe(availableParallelism());
  });
});

it('the limit of CPUs is in fractions, and the number of the machine without a quota', () => {
  expect(cpuLimit(cgroup({ 'cpu.max': '50000 100000\n' }))).toBe(0.5);
  expect(cpuLimit(cgroup({}))).toBe(availableParallelism());
});

describe('memoryLimit', () => {
  const MIB = 2 ** 20;

  it('follows the limit of cgroup v2', () => {
    expect(memoryLimit(cgroup({ 'memory.max': `${256 * MIB}\n` }), 0)).toBe(256 * MIB);
  });

  it('follows the limit of cgroup v1', () => {
    expect(memoryLimit(cgroup({ 'memory/memory.limit_in_bytes': `${512 * MIB}\n` }), 0)).toBe(512 * MIB);
  });

  it('is the one that Node finds where that is less', () => {
    expect(memoryLimit(cgroup({ 'memory.max': `${512 * MIB}\n` }), 300 * MIB)).toBe(300 * MIB);
    expect(memoryLimit(cgroup({}), 300 * MIB)).toBe(300 * MIB);
  });

  it('is none without a limit, or with one above what the machine has', () => {
    expect(memoryLimit(cgroup({}), 0)).toBeNull();
    expect(memoryLimit(cgroup({ 'memory.max': 'max\n' }), 0)).toBeNull();
    expect(memoryLimit(cgroup({ 'memory/memory.limit_in_bytes': '9223372036854771712\n' }), 0)).toBeNull();
    expect(memoryLimit(cgroup({ 'memory.max': `${totalmem()}\n` }), 2 ** 64)).toBeNull();
  });
});
