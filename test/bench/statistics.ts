/** Numbers of two contestants, and what they say of each other. */

export type Contestant = 'omega' | 'peer';
export const CONTESTANTS: readonly Contestant[] = ['omega', 'peer'];

/** One line of the table. */
export interface Comparison {
  readonly what: string;
  readonly unit: string;
  readonly omega: number;
  /** Null where there is nothing to compare with. */
  readonly peer: number | null;
  /** Ours by the peer's. */
  readonly ratio: number | null;
  /** What is promised, as text: `>= 3x`. */
  readonly goal?: string;
}

/** What one round measured of both. */
export type Samples = Readonly<Record<Contestant, number[]>>;

export function noSamples(): Samples {
  return { omega: [], peer: [] };
}

/** The medians side by side. */
export function compare(what: string, unit: string, samples: Samples, goal?: string): Comparison {
  return pair(what, unit, [median(samples.omega), median(samples.peer)], goal);
}

/** Two numbers side by side. */
export function pair(
  what: string,
  unit: string,
  [omega, peer]: readonly [omega: number, peer: number],
  goal?: string,
): Comparison {
  return { what, unit, omega, peer, ratio: omega / peer, ...(goal !== undefined && { goal }) };
}

/** A number of ours alone. */
export function single(what: string, unit: string, omega: number, goal?: string): Comparison {
  return { what, unit, omega, peer: null, ratio: null, ...(goal !== undefined && { goal }) };
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** @param share - from 0 to 1. */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

export function describe({ what, unit, omega, peer, ratio, goal }: Comparison): string {
  const other = peer === null ? '' : `  peer ${rounded(peer)} ${unit}`;
  const times = ratio === null ? '' : `  = ${ratio.toFixed(2)}x`;
  return `${what}: omega ${rounded(omega)} ${unit}${other}${times}${goal ? `  (goal: ${goal})` : ''}`;
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
