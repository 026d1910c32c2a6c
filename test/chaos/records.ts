/** What earlier runs came to: one line of JSON for each, so that a row of runs can go on where it was broken off. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Finding } from './oracle/verdict.ts';
import type { FaultRow } from './report.ts';

const FILE = '.omega/chaos/runs.jsonl';

export interface RunRecord {
  readonly seed: number;
  /** Everything else that decides what the run does. */
  readonly setting: string;
  readonly at: string;
  readonly tasks: number;
  readonly rows: readonly FaultRow[];
  readonly findings: readonly Finding[];
}

export function recordRun(record: RunRecord): void {
  mkdirSync(dirname(FILE), { recursive: true });
  appendFileSync(FILE, `${JSON.stringify(record)}\n`);
}

/** Whether a run with this seed and setting is recorded. */
export function hasRun(seed: number, setting: string): boolean {
  if (!existsSync(FILE)) return false;
  const lines = readFileSync(FILE, 'utf8').split('\n').filter(Boolean);
  return lines.some((line) => {
    const record = JSON.parse(line) as RunRecord;
    return record.seed === seed && record.setting === setting;
  });
}
