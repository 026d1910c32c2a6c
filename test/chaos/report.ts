/** What is printed of a run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTable } from '../../src/cli/output.ts';
import { type Injection, recoverySeconds } from './oracle/injections.ts';
import type { Finding } from './oracle/verdict.ts';
import type { SoakResult } from './soak.ts';

/** A line of the table. */
export interface FaultRow {
  readonly fault: string;
  readonly title: string;
  readonly times: number;
  readonly inFlight: number;
  readonly lost: number;
  readonly doubled: number;
  /** Seconds to recover: of each time, in order. */
  readonly seconds: readonly (number | null)[];
}

/** A task that was sent so long before a fault, or so shortly after it, may have been hit by it. */
const [BEFORE_MS, AFTER_MS] = [60_000, 5_000];
const LOG_LINES = 20;

export function faultRows({ injections, findings, sent }: SoakResult): readonly FaultRow[] {
  const titles = new Set(injections.map(({ title }) => title));
  return [...titles]
    .map((title) => rowOf(injections.filter((injection) => injection.title === title)))
    .toSorted((a, b) => Number(a.fault.slice(1)) - Number(b.fault.slice(1)));

  function rowOf(own: readonly Injection[]): FaultRow {
    const [{ fault = '', title = '' } = {}] = own;
    const count = (what: Finding['what']) =>
      findings.filter((finding) => finding.what === what && own.some((each) => mayHaveHit(each, finding)))
        .length;
    return {
      ...{ fault, title, times: own.length, inFlight: own.reduce((sum, { inFlight }) => sum + inFlight, 0) },
      ...{ lost: count('lost'), doubled: count('doubled'), seconds: own.map(recoverySeconds) },
    };
  }

  function mayHaveHit({ injectedAt }: Injection, { taskId = '' }: Finding): boolean {
    const sentAt = sent.get(taskId);
    return sentAt !== undefined && sentAt > injectedAt - BEFORE_MS && sentAt < injectedAt + AFTER_MS;
  }
}

export function formatRows(rows: readonly FaultRow[]): string {
  const header = ['fault', '', 'times', 'in flight', 'lost', 'doubled', 'recovery, s: median', 'longest'];
  return formatTable(
    header,
    rows.map(({ fault, title, times, inFlight, lost, doubled, seconds }) => {
      const known = seconds.map((each) => each ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
      const shown = [known[known.length >> 1], known.at(-1)].map((each) => each?.toFixed(1));
      return [fault, title, times, inFlight, lost, doubled, ...shown];
    }),
  );
}

/** What is wrong, each with what the workers have logged of its task. */
export function formatFindings(findings: readonly Finding[], logs: string): string {
  return findings
    .map(({ invariant, what, text, taskId }) => {
      const head = `${invariant} ${what}: ${taskId === undefined ? '' : `${taskId} `}${text}`;
      const lines = taskId === undefined ? [] : linesAbout(taskId, logs).slice(-LOG_LINES);
      return [head, ...lines.map((line) => `    ${line}`)].join('\n');
    })
    .join('\n');
}

function linesAbout(taskId: string, logs: string): readonly string[] {
  const names = readdirSync(logs).filter((name) => /^w\d+\.log$/.test(name));
  return names.flatMap((name) =>
    readFileSync(join(logs, name), 'utf8')
      .split('\n')
      .filter((line) => line.includes(taskId)),
  );
}
