/** What an executor may keep, or read whole, leaves room for the work of its task. */
const PART = 0.25;

/**
 * MiB as a setting says, and at most a quarter of what the executor may take.
 *
 * @param limit KiB that the executor may take; null for no limit.
 */
export function withinMemory(mebibytes: number, limit: number | null): number {
  return limit === null ? mebibytes : Math.min(mebibytes, Math.floor((limit / 1024) * PART));
}
