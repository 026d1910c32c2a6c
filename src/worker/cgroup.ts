/** What the container grants: Node's own counts are those of the machine, or of some versions of control groups only. */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

/** Where the cgroup file system is mounted. */
const ROOT = '/sys/fs/cgroup';

/**
 * Whole CPUs this process may use: the cgroup's quota (v2 `cpu.max`, v1 `cpu.cfs_quota_us`) rounded
 * down, at least 1, and never more than the machine's.
 */
export function cpuCount(root = ROOT): number {
  return Math.max(1, Math.floor(cpuLimit(root)));
}

/** CPUs this process may use, in fractions: the quota, and never more than the machine's. */
export function cpuLimit(root = ROOT): number {
  return Math.min(quotaV2(root) ?? quotaV1(root) ?? Number.POSITIVE_INFINITY, availableParallelism());
}

/**
 * Bytes of memory this process may use: the cgroup's limit (v2 `memory.max`, v1 `memory.limit_in_bytes`), null where there is
 * none below what the machine has.
 *
 * @param ofProcess what Node finds, which also looks into groups that are not mounted as the root: a service of systemd.
 */
export function memoryLimit(root = ROOT, ofProcess = process.constrainedMemory()): number | null {
  const files = [`${root}/memory.max`, `${root}/memory/memory.limit_in_bytes`];
  const limits = [...files.map((file) => Number(readFields(file)[0])), ofProcess];
  const least = Math.min(...limits.filter((limit) => limit > 0));
  return least < totalmem() ? least : null;
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
