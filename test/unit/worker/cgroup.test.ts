import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cpuCount, cpuLimit } from '../../../src/worker/cgroup.ts';

function cgroup(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'cgroup-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

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
