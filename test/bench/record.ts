/** Keeps results with their date and machine, those of other cases as they were, and draws them all. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { plotRatios } from './plot.ts';
import type { Comparison } from './statistics.ts';

const RESULTS = 'docs/benchmarks.json';
const PICTURE = 'docs/benchmarks.svg';

interface Recorded {
  readonly date: string;
  readonly machine: string;
  readonly comparisons: readonly Comparison[];
}

/** @param measured by the name of the case. */
export function record(measured: Readonly<Record<string, readonly Comparison[]>>): void {
  const now = { date: new Date().toISOString().slice(0, 10), machine: machine() };
  const before = existsSync(RESULTS)
    ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as Record<string, Recorded>)
    : {};
  const added = Object.entries(measured).map(
    ([name, comparisons]) => [name, { ...now, comparisons }] as const,
  );
  const all: Record<string, Recorded> = { ...before, ...Object.fromEntries(added) };
  writeFileSync(RESULTS, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(PICTURE, plotRatios(Object.values(all).flatMap(({ comparisons }) => comparisons)));
}

function machine(): string {
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.versions.node}`;
}
