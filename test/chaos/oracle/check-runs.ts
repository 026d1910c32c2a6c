/** I4: how often each task has run, by the traces that its runs have left. */
import type { Mongo } from '../../../src/mongo/client.ts';
import { EFFECTS, type Effect } from './effects.ts';
import type { Injection } from './injections.ts';
import type { Expectation, Sending } from './journal.ts';
import type { Results } from './results.ts';
import { doubled, type Finding, lost, wrong } from './verdict.ts';

/** A task may begin this much earlier than its ETA, as in Celery, whose delays are in whole seconds. */
const EARLY_MS = 1_000;
/** A fault that was healed just before may still have its effect. */
const AFTERMATH_MS = 5_000;
/** Between the look at whether a task has ended, and its beginning: it may wait for a slot. */
const SLACK_MS = 3_000;

export interface Lives {
  /** When each task was sent, by its id. */
  readonly sent: ReadonlyMap<string, number>;
  readonly results: Results;
  readonly injections: readonly Injection[];
}

export async function readTraces(mongo: Mongo): Promise<ReadonlyMap<string, readonly Effect[]>> {
  const traces = new Map<string, Effect[]>();
  for (const trace of await mongo.db.collection<Effect>(EFFECTS).find().toArray()) {
    traces.set(trace.task, [...(traces.get(trace.task) ?? []), trace]);
  }
  return traces;
}

export function sendTimes(sendings: readonly Sending[]): ReadonlyMap<string, number> {
  return new Map(sendings.flatMap(({ expected, sentAt }) => expected.map(({ id }) => [id, sentAt] as const)));
}

export function checkRuns(
  expected: readonly Expectation[],
  traces: ReadonlyMap<string, readonly Effect[]>,
  lives: Lives,
): readonly Finding[] {
  return expected.flatMap((each) => {
    const runs = traces.get(each.id) ?? [];
    const [first] = runs;
    if (each.state === 'REVOKED' && first)
      return [wrong('I4', `${each.kind}: ran although it was revoked: ${describe(first)}`, each.id)];
    if (!each.leavesTrace) return [];
    const early = runs.find(({ at }) => each.notBefore && at.getTime() < each.notBefore - EARLY_MS);
    return [
      ...checkCounts(each, runs, lives),
      ...checkLate(each, runs, lives),
      ...(early ? [wrong('I4', `${each.kind}: ran at ${early.at.toISOString()}, too early`, each.id)] : []),
    ];
  });
}

/** Each retry is a run of its own. */
function checkCounts(each: Expectation, runs: readonly Effect[], lives: Lives): readonly Finding[] {
  const { id, kind, retries: last = 0, runs: usual = 1 } = each;
  const most = usual + lossesDuring(id, lives);
  return Array.from({ length: last + 1 }, (_, retries) => retries).flatMap((retries) => {
    const own = runs.filter((run) => run.retries === retries);
    const text = `${kind}: retry ${retries} ran ${own.length} times, at most ${most}: ${own.map(describe).join('; ')}`;
    if (own.length === 0) return [lost('I4', text, id)];
    return own.length > most ? [doubled('I4', text, id)] : [];
  });
}

/** What has ended is not begun again, unless the message says nothing of being a copy. */
function checkLate(
  { id, kind, runs: copies = 1 }: Expectation,
  runs: readonly Effect[],
  lives: Lives,
): readonly Finding[] {
  const end = lives.results.get(id)?.date_done?.getTime() ?? Number.POSITIVE_INFINITY;
  const late = runs.find(({ at }) => at.getTime() > end + SLACK_MS);
  // A worker that was frozen had looked before.
  const wasFrozen = injectionsDuring(id, lives).some(({ fault }) => fault === 'F9');
  if (late === undefined || copies > 1 || wasFrozen) return [];
  return [doubled('I4', `${kind}: ran again after its end: ${describe(late)}`, id)];
}

function describe({ worker, pid, at }: Effect): string {
  return `${worker} ${pid} ${at.toISOString()}`;
}

/** How often connections and processes were lost while the task was about. */
function lossesDuring(id: string, lives: Lives): number {
  return injectionsDuring(id, lives).reduce((sum, { losses }) => sum + losses, 0);
}

function injectionsDuring(id: string, { sent, results, injections }: Lives): readonly Injection[] {
  const from = (sent.get(id) ?? 0) - AFTERMATH_MS;
  const end = results.get(id)?.date_done;
  const until = end ? end.getTime() + AFTERMATH_MS : Number.POSITIVE_INFINITY;
  return injections.filter(
    ({ injectedAt, recoveredAt }) => injectedAt <= until && (recoveredAt ?? until) >= from,
  );
}
