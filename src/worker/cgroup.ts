/** The CPU share that the container grants: Node's own count ignores the quota (compare `docker --cpus`). */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Whole CPUs this process may use: the cgroup's quota (v2 `cpu.max`, v1 `cpu.cfs_quota_us`) rounded
 * down, at least 1, and never more than the machine's.
 *
 * @param root where the cgroup file system is mounted
 */
export function cpuCount(root = '/sys/fs/cgroup'): number {
  const quota = quotaV2(root) ?? quotaV1(root) ?? Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(Math.floor(quota), availableParallelism()));
}

function quotaV2(root: string): number | undefined {
  const [quota, period] = readFields(`${root}/cpu.max`);
  if (!quota || !period || quota === 'max') return undefined;
  return Number(quota) / Number(period);
}

function quotaV1(root: string): number | undefined {
  const [quota] = readFields(`${root}/cpu/cpu.cfs_quota_us`);
  const [period] = readFields(`${root}/cpu/cpu.cfs_period_us`);
  if (!quota || !period || Number(quota) <= 0) return undefined;
  return Number(quota) / Number(period);
}

function readFields(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trim().split(/\s+/);
  } catch {
    // No such controller: not limited by it.
    return [];
  }
}

/** Cores this process may use, in fractions: the quota, and never more than the machine's. */
export function cpuLimit(root = '/sys/fs/cgroup'): number {
  return Math.min(quotaV2(root) ?? quotaV1(root) ?? Number.POSITIVE_INFINITY, availableParallelism());
}
