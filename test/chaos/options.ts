/** The command line of `npm run chaos`. */
import { parseArgs } from 'node:util';
import { catalogue, faultsOf, QUICK } from './faults/catalogue.ts';
import type { Fault } from './faults/fault.ts';

export const USAGE = `npm run chaos -- [--seed N | --seeds FROM..TO] [--minutes M] [--faults F1,F8|${QUICK}] [--workers N] [--rate N]

  --seed     what the random choices follow from (default: a random one, which is printed)
  --seeds    one run after the other; those that are recorded in .omega/chaos/runs.jsonl are not run again
  --minutes  of the stream (default 10)
  --faults   which are drawn (default: all): ${[...new Set(catalogue.map(({ name }) => name))].join(', ')}, or ${QUICK}
  --workers  default 3
  --rate     sendings each second (default 8)`;

export interface ChaosOptions {
  readonly seeds: readonly number[];
  /** Runs that are recorded are left out. */
  readonly skipsRecorded: boolean;
  readonly minutes: number;
  readonly workers: number;
  readonly rate: number;
  readonly faults: readonly Fault[];
  /** All but the seed, as text. */
  readonly setting: string;
}

/** @throws RangeError, TypeError for what cannot be read. */
export function readOptions(args: readonly string[]): ChaosOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { seed: text, seeds: text, minutes: text, faults: text, workers: text, rate: text },
  });
  const minutes = positive('minutes', values.minutes ?? '10');
  const workers = positive('workers', values.workers ?? '3');
  const rate = positive('rate', values.rate ?? '8');
  const names = values.faults?.split(',') ?? [];
  return {
    seeds: values.seeds === undefined ? [seedOf(values.seed)] : rangeOf(values.seeds),
    skipsRecorded: values.seeds !== undefined,
    ...{ minutes, workers, rate, faults: faultsOf(names) },
    setting: `minutes=${minutes} workers=${workers} rate=${rate} faults=${names.join() || 'all'}`,
  };
}

function seedOf(text: string | undefined): number {
  return text === undefined ? Math.floor(Math.random() * 1e6) : positive('seed', text);
}

function rangeOf(text: string): readonly number[] {
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) throw new RangeError(`--seeds is '${text}': write 1..10`);
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new RangeError(`--${name} is '${text}': it must be a number above 0`);
}
