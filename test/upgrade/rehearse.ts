/** The upgrade, and the way back: workers are replaced under load, and what was promised is looked at afterwards. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { type Cluster, inCluster, keepLogs } from '../chaos/cluster/cluster.ts';
import { readTraces } from '../chaos/oracle/check-runs.ts';
import { openEventLog } from '../chaos/oracle/event-log.ts';
import { createJournal, type Journal } from '../chaos/oracle/journal.ts';
import { judge, type Verdict } from '../chaos/oracle/oracle.ts';
import { type Finding, wrong } from '../chaos/oracle/verdict.ts';
import { openWriteLog } from '../chaos/oracle/write-log.ts';
import { countRuns, type RunCount } from './count-runs.ts';
import { createFleet, type Fleet, type Version } from './fleet.ts';
import { type Load, startLoad } from './load.ts';
import { checkErrorLines } from './logs.ts';
import { currentDist, layStreamOver, type Release } from './release.ts';

export interface RehearsalOptions {
  readonly release: Release;
  readonly workers: number;
  /** Sendings each second, of each of the three clients. */
  readonly rate: number;
  /** Seconds before each replacement. */
  readonly pause: number;
  readonly seed: number;
  /** Seconds after which a running task is acknowledged and a copy of it parked; the stream's long tasks take 2 to 8. */
  readonly handover: number;
  /** Folder for the logs. */
  readonly keep: string;
  /** Aborted when the run is to end at once. */
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface RehearsalResult extends Verdict {
  readonly runs: readonly RunCount[];
}

const QUEUE = 'chaos';
/** KiB, of an executor. */
const MEMORY_LIMIT = 700_000;

export async function rehearse(options: RehearsalOptions): Promise<RehearsalResult> {
  return await inCluster(options, (cluster) => rehearseIn(cluster, options));
}

async function rehearseIn(cluster: Cluster, options: RehearsalOptions): Promise<RehearsalResult> {
  const { folder } = cluster;
  const dists = {
    previous: layStreamOver(options.release, join(folder, 'previous')),
    current: currentDist(),
  };
  const mongo = await connectMongo(cluster.mongo.url);
  const fleet = createFleet(workerOptions(cluster, options.handover), dists);
  options.signal.addEventListener('abort', () => fleet.kill());
  try {
    return await replaceUnderLoad(cluster, { ...options, mongo, fleet, dists });
  } finally {
    fleet.kill();
    keepLogs(cluster, options.keep);
    await mongo.close();
  }
}

interface Rehearsal extends RehearsalOptions {
  readonly mongo: Mongo;
  readonly fleet: Fleet;
  readonly dists: Readonly<Record<Version, string>>;
}

async function replaceUnderLoad(cluster: Cluster, rehearsal: Rehearsal): Promise<RehearsalResult> {
  const { mongo, fleet, dists, rate, seed, progress } = rehearsal;
  const { broker, folder } = cluster;
  const writes = await openWriteLog(mongo);
  for (let left = rehearsal.workers; left > 0; left -= 1) await fleet.add('previous');
  const load = await startLoad(cluster, { queue: QUEUE, dists, rate, seed });
  try {
    const events = openEventLog(load.om);
    progress(`${fleet.nodes.length} previous workers, 3 clients, ${rate} sendings a second of each`);
    const findings = [
      ...(await replaceAll('current', rehearsal, load)),
      ...(await replaceAll('previous', rehearsal, load)),
    ];
    // What the current version has parked waits for a worker that knows of it.
    await fleet.add('current');
    await load.stop();
    progress('the clients have ended: waiting for what is under way');
    const verdict = await judge({
      ...{ om: load.om, mongo, broker, workers: fleet, folder, queue: QUEUE },
      ...{ journal: together(Object.values(load.journals)), writes, events, injections: [] },
    });
    const stubborn = await fleet.stop();
    return {
      tasks: verdict.tasks,
      runs: countRuns(load.journals, fleet.versions, await readTraces(mongo)),
      findings: [
        ...[...findings, ...verdict.findings, ...checkErrorLines(folder)],
        ...stubborn.map((name) => wrong('I6', `${name} did not end well after SIGTERM`)),
      ],
    };
  } finally {
    await load.close();
  }
}

/** One after the other: a new one first, then the oldest is told to stop. Both versions are asked while both are there. */
async function replaceAll(
  version: Version,
  { fleet, workers, pause, progress }: Rehearsal,
  load: Load,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (let left = workers; left > 0; left -= 1) {
    await sleep(pause * 1000);
    await fleet.add(version);
    findings.push(...(await load.askAll(fleet.nodes)));
    const since = Date.now();
    findings.push(...(await fleet.retireOldest()));
    const seconds = ((Date.now() - since) / 1000).toFixed(1);
    progress(`a ${version} worker in place of the oldest, which took ${seconds} s to end`);
  }
  return findings;
}

function workerOptions({ folder, env, mongo, broker }: Cluster, handover: number) {
  return {
    ...{ queue: QUEUE, broker: broker.url, folder },
    env: {
      ...env,
      OMEGA_MONGO_URL: mongo.url,
      OMEGA_HANDOVER_AFTER: String(handover),
      OMEGA_WORKER_MEMORY_LIMIT: String(MEMORY_LIMIT),
    },
  };
}

/** What several clients have sent. */
function together(journals: readonly Journal[]): Journal {
  return { ...createJournal(), sendings: journals.flatMap(({ sendings }) => sendings) };
}
