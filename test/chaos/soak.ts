/** One run: a stream of tasks while faults are drawn at random, then the oracle. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTransport } from '../../src/broker/transport.ts';
import { brokerSettings, loadSettings } from '../../src/config.ts';
import { connect } from '../../src/index.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { type Cluster, inCluster, keepLogs } from './cluster/cluster.ts';
import { processesOfRun } from './cluster/leftovers.ts';
import { startWorkers } from './cluster/workers.ts';
import type { Fault, Stage } from './faults/fault.ts';
import { injectFaults } from './inject.ts';
import { sendTimes } from './oracle/check-runs.ts';
import { openEventLog } from './oracle/event-log.ts';
import type { Injection } from './oracle/injections.ts';
import { createJournal } from './oracle/journal.ts';
import { judge } from './oracle/oracle.ts';
import { type Finding, wrong } from './oracle/verdict.ts';
import { openWriteLog } from './oracle/write-log.ts';
import { createRandom } from './random.ts';
import { untilAllWork } from './recovery.ts';
import { prepareModels } from './workload/builtins.ts';
import { canvasKinds } from './workload/canvases.ts';
import { startStream } from './workload/stream.ts';
import { singleKinds } from './workload/tasks-of-ours.ts';

export interface SoakOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly workers: number;
  /** Units sent each second; a unit is one task, or a canvas of several. */
  readonly rate: number;
  readonly faults: readonly Fault[];
  /** Folder for the logs. */
  readonly keep: string;
  /** Aborted when the run is to end at once. */
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface SoakResult {
  readonly tasks: number;
  readonly injections: readonly Injection[];
  readonly findings: readonly Finding[];
  /** When the tasks of the findings were about, in milliseconds since the epoch. */
  readonly sent: ReadonlyMap<string, number>;
}

const QUEUE = 'chaos';
/** Seconds: short, so that connections that are half open are noticed while a fault lasts. */
const HEARTBEAT = 4;
/** Seconds: below what the broker waits for an ack, and below what the long tasks take. */
const HANDOVER_AFTER = 4;
/** KiB, of an executor: some 300 MB with all that the stream needs. */
const MEMORY_LIMIT = 700_000;
/** These run on; and what has ended has no command. */
const SERVERS = /beam|rabbit_|erl_|erlang|inet_gethost|epmd|mongod|^$/;
const START_PATIENCE_MS = 60_000;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  return await inCluster(options, (cluster) => soakIn(cluster, options));
}

async function soakIn(cluster: Cluster, options: SoakOptions): Promise<SoakResult> {
  const { broker, folder, mongo: replicaSet } = cluster;
  const { seed, rate, progress } = options;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer().catch(() => undefined);
  };
  try {
    const mongo = await connectMongo(replicaSet.url);
    closers.push(() => mongo.close());
    const proxy = await startTcpProxy(broker.url, { records: false });
    closers.push(() => proxy.close());
    const writes = await openWriteLog(mongo);
    const workers = await startWorkers(options.workers, {
      ...{ queue: QUEUE, broker: broker.url, folder },
      env: {
        ...cluster.env,
        OMEGA_MONGO_URL: replicaSet.url,
        OMEGA_BROKER_HEARTBEAT: String(HEARTBEAT),
        OMEGA_HANDOVER_AFTER: String(HANDOVER_AFTER),
        OMEGA_WORKER_MEMORY_LIMIT: String(MEMORY_LIMIT),
        OMEGA_ACCEPT_CONTENT: 'json,yaml,msgpack,pickle',
      },
    });
    closers.push(async () => workers.kill());
    options.signal.addEventListener('abort', () => workers.kill());
    const settings = {
      ...{ mongoUrl: replicaSet.url, broker: proxy.url(broker.url) },
      ...{ queues: QUEUE, brokerHeartbeat: HEARTBEAT },
    };
    const om = await connect(settings);
    closers.push(() => om.close());
    const transport = await connectTransport({
      ...brokerSettings(loadSettings({}, settings)),
      name: 'chaos',
      retry: false,
    });
    closers.push(() => transport.close());
    await untilAllWork(workers.all, om, START_PATIENCE_MS);
    const events = openEventLog(om);
    const journal = createJournal();
    const random = createRandom(seed, 'workload');
    const kinds = [...singleKinds, ...canvasKinds, ...(await prepareModels(om))];

    progress(`${options.workers} workers, ${rate} sendings a second, seed ${seed}`);
    const stream = startStream({ om, journal, random, kinds, rate });
    const stage: Stage = {
      ...{ broker, mongo: replicaSet, workers, queue: QUEUE, om, journal, transport },
      random: createRandom(seed, 'faults'),
    };
    const { injections, findings } = await injectFaults(stage, stream, options);
    await stream.stop();
    options.signal.throwIfAborted();
    progress('the stream has ended: waiting for what is under way');
    const witnesses = {
      om,
      mongo,
      broker,
      workers,
      folder,
      queue: QUEUE,
      journal,
      writes,
      events,
      injections,
    };
    const verdict = await judge(witnesses);
    const ends = await checkStop(cluster, () => workers.stop());
    const all = [...findings, ...verdict.findings, ...ends];
    keepLogs(cluster, options.keep);
    return { tasks: verdict.tasks, injections, findings: all, sent: sendTimes(journal.sendings) };
  } finally {
    await close();
  }
}

/** Workers that are told to stop do, and leave nothing behind. */
async function checkStop({ token }: Cluster, stop: () => Promise<string[]>): Promise<readonly Finding[]> {
  const stubborn = await stop();
  await sleep(500);
  const left = processesOfRun(token).map(commandOf);
  return [
    ...stubborn.map((name) => wrong('I6', `${name} did not end well after SIGTERM`)),
    ...left.flatMap((command) => (SERVERS.test(command) ? [] : [wrong('I7', `was left behind: ${command}`)])),
  ];
}

function commandOf(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
