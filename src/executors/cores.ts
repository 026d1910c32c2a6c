/**
 * Shares cores among busy executors: a lone one gets all, others an equal part; nobody gets less than one.
 *
 * @returns one number per executor; what does not divide evenly goes to the first ones.
 */
export function shareCores(cores: number, executors: number): number[] {
  const share = Math.floor(cores / executors);
  const rest = cores % executors;
  return Array.from({ length: executors }, (_, i) => Math.max(1, share + (i < rest ? 1 : 0)));
}
