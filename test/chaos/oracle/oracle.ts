/** Looks at everything once the stream has ended, and says what is wrong. */
import type { Omega } from '../../../src/index.ts';
import type { Mongo } from '../../../src/mongo/client.ts';
import type { ChaosBroker } from '../cluster/broker.ts';
import type { Workers } from '../cluster/workers.ts';
import { checkDead, checkLogs, checkProcesses, checkQueues } from './check-cluster.ts';
import { checkEvents } from './check-events.ts';
import { checkEnds, checkWrites } from './check-results.ts';
import { checkRuns, readTraces, sendTimes } from './check-runs.ts';
import { checkStores } from './check-stores.ts';
import type { EventLog } from './event-log.ts';
import type { Injection } from './injections.ts';
import type { Expectation, Journal, Sending } from './journal.ts';
import { expectationsOf, type Results, untilEnded } from './results.ts';
import { type Finding, lost } from './verdict.ts';
import type { WriteLog } from './write-log.ts';

/** After the last fault is healed every task has so long to end. */
const PATIENCE_MS = 120_000;
/** A client that was not told looks every five seconds. */
const HEARS_WITHIN_MS = 15_000;

export interface Witnesses {
  readonly om: Omega;
  readonly mongo: Mongo;
  readonly broker: ChaosBroker;
  readonly workers: Workers;
  readonly folder: string;
  readonly queue: string;
  readonly journal: Journal;
  readonly writes: WriteLog;
  readonly events: EventLog;
  readonly injections: readonly Injection[];
}

export interface Verdict {
  /** Tasks that were confirmed, with those that they have sent. */
  readonly tasks: number;
  readonly findings: readonly Finding[];
}

export async function judge(witnesses: Witnesses): Promise<Verdict> {
  const { om, mongo, broker, workers, folder, queue, journal, writes, events, injections } = witnesses;
  const { sendings } = journal;
  const results = await untilEnded(mongo, sendings, PATIENCE_MS);
  const queues = await checkQueues(broker, queue);
  await untilHeard(sendings);
  const expected = expectationsOf(sendings, results);
  const findings = [
    ...checkEnds(expected, results),
    ...checkWrites(await writes.read()),
    ...checkRuns(expected, await readTraces(mongo), { sent: sendTimes(sendings), results, injections }),
    ...(await checkStores(om, expected)),
    ...queues,
    ...(await checkDead(broker, queue, expected)),
    ...checkHeard(sendings, results),
    ...checkEvents(await events.read()),
    ...checkProcesses(workers),
    ...checkLogs(folder),
  ];
  return { tasks: expected.length, findings };
}

async function untilHeard(sendings: readonly Sending[]): Promise<void> {
  const deadline = Date.now() + HEARS_WITHIN_MS;
  const isUnheard = ({ confirmedAt, endedAt }: Sending) => confirmedAt !== null && endedAt === null;
  while (sendings.some(isUnheard) && Date.now() < deadline)
    await new Promise((done) => setTimeout(done, 200));
}

/** Whoever has sent something was told of its end. */
function checkHeard(sendings: readonly Sending[], results: Results): readonly Finding[] {
  return sendings.flatMap(({ confirmedAt, endedAt, expected }) => {
    const isOver = expected.every(({ id }: Expectation) => results.has(id));
    if (confirmedAt === null || endedAt !== null || !isOver) return [];
    const [first] = expected;
    return [lost('client', `${first?.kind}: its client was not told of its end`, first?.id)];
  });
}
