/** The sum of `valueAt(0)` to `valueAt(count - 1)`, with what each addition rounds off (Neumaier 1974). */
export function sumOver(count: number, valueAt: (i: number) => number): number {
  let sum = 0;
  let lost = 0;
  for (let i = 0; i < count; i += 1) {
    const value = valueAt(i);
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  // Past the range of doubles there is nothing to correct.
  return Number.isFinite(lost) ? sum + lost : sum;
}
