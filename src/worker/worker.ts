/** A worker node: starts its parts in order, stops them in reverse. */
import { setMaxListeners } from 'node:events';
import { hostname as machineName } from 'node:os';
import { openBackends } from '../backend/backends.ts';
import { startDailyCleanup } from '../backend/daily-cleanup.ts';
import { type Broker, connectBroker } from '../broker/broker.ts';
import { brokerSettings, resultOptions, type Settings } from '../config.ts';
import { createClock } from '../control/clock.ts';
import { createEventDispatcher } from '../control/event-dispatcher.ts';
import { type MingleOptions, mingle } from '../control/mingle.ts';
import { createExecutors } from '../executors/executors.ts';
import { openJoins } from '../ledger/joins.ts';
import { openLedger } from '../ledger/ledger.ts';
import { openRevocations } from '../ledger/revoked.ts';
import type { Logger } from '../logger.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { connectMongo, type Mongo } from '../mongo/client.ts';
import { messageEncoding, messageVerifier } from '../security.ts';
import { brokerTls, uncheckedServers } from '../tls.ts';
import { annotatedTasks } from './annotations.ts';
import { capacityOf } from './capacity.ts';
import { countEvents } from './celery-metrics.ts';
import { coordinationManifests } from './coordination.ts';
import { createDelays } from './delays.ts';
import { createTaskEvents } from './events.ts';
import { executorEnvironment } from './executor-environment.ts';
import { addGauges } from './gauges.ts';
import { createHolds } from './holds.ts';
import { serveHealth } from './http.ts';
import { type Intake, openIntake } from './intake.ts';
import { watchJoins } from './join-watch.ts';
import { drainLeases } from './long-run.ts';
import type { WorkerNode } from './node.ts';
import { watchOutages } from './outage.ts';
import { autoscalerOf, deletionCostOf, heartbeatOf, openRemoteControl, selfPingOf } from './parts.ts';
import { consumedQueues } from './queues.ts';
import { createRateLimits } from './rate-limits.ts';
import { createRevokedTasks } from './revoked.ts';
import { createShutdown, type Shutdown } from './shutdown.ts';
import { createTaskRouter } from './task-router.ts';
import { createWatches, withWatches } from './watches.ts';

export interface WorkerOptions {
  /** Absolute paths of modules that export tasks made by `task()`. */
  readonly modules: readonly string[];
  /** The environment of the executors; the settings are put on top. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  /** Aborting it ends the start. Once the worker has started, its `shutdown` does that. */
  readonly signal?: AbortSignal;
}

export interface Worker {
  /** The nodename. */
  readonly hostname: string;
  /** Where /metrics, /livez and /readyz are served. */
  readonly url: string;
  readonly shutdown: Shutdown;
}

/** Closes what was opened, the last first. */
type Closers = (() => Promise<void> | void | undefined)[];

/**
 * Starts a worker node; resolves when it consumes.
 *
 * @throws ImproperlyConfigured, OperationalError; the reason of `signal` when it is aborted before.
 */
export async function startWorker(settings: Settings, options: WorkerOptions): Promise<Worker> {
  const closers: Closers = [];
  const starting = start(settings, options, closers);
  try {
    return await Promise.race([starting, rejectOnAbort(options.signal)]);
  } catch (error) {
    await closeAll(closers);
    // What was still being opened is closed when it is there.
    const closeRest = () => closeAll(closers);
    starting.then(closeRest, closeRest);
    throw error;
  }
}

async function start(settings: Settings, options: WorkerOptions, closers: Closers): Promise<Worker> {
  const stopping = new AbortController();
  // As many may wait for it as there are tasks in the worker.
  setMaxListeners(0, stopping.signal);
  const { broker, mongo, node } = await openNode(settings, options, closers, stopping.signal);
  const { executors, logger, metrics } = node;
  const heartbeat = heartbeatOf(node);
  let intake: Intake | undefined;
  const shutdown = createShutdown({
    ...{ executors, logger, stopping },
    softTimeout: settings.softShutdownTimeout,
    onAborted: metrics.drainAborted,
    close: () => closeAll(closers),
  });
  stopping.signal.addEventListener('abort', () => void drainLeases(node), { once: true });
  const health = await serveHealth({
    host: settings.httpHost,
    port: settings.httpPort,
    metrics,
    notAlive: () => (heartbeat.isStuck ? 'the heartbeat has ended' : null),
    unheard: selfPingOf(node, broker),
    notReady() {
      if (stopping.signal.aborted) return 'stops';
      return node.holds.reason ?? (intake ? intake.obstacle : 'starts');
    },
  });
  closers.push(() => health.close());
  closers.push(await deletionCostOf(node, options.environment));
  const joins = watchJoins(node);
  closers.push(() => joins.stop());
  options.signal?.throwIfAborted();
  closers.push(() => heartbeat.stop());
  // The mailbox is closed last: a worker that stops can still be asked what it waits for.
  const [most] = settings.autoscale ?? [executors.slots];
  const queues = consumedQueues(settings, node.hostname);
  intake = openIntake(node, broker, { queues, slots: most });
  addGauges(node, { broker, mongo, intake, heartbeat });
  const parts = { broker, intake, heartbeat, autoscaler: autoscalerOf(node, intake), shutdown };
  const mailbox = openRemoteControl(node, parts);
  closers.push(() => mailbox?.close());
  closers.push(() => parts.intake.stop());
  closers.push(() => parts.autoscaler?.stop());
  // After the mailbox is opened, so that what is revoked meanwhile is heard.
  await node.revoked.load();
  await intake.start();
  heartbeat.start();
  const names = queues.map(({ name, alias = name }) => alias);
  metrics.expect([...node.tasks.keys()], names);
  logger.info({ queues: names, slots: executors.slots, metrics: `${health.url}/metrics` }, 'ready');
  return { hostname: node.hostname, url: health.url, shutdown };
}

/** Never resolves; rejects with the signal's reason. */
function rejectOnAbort(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Connects and forks: everything that a delivery needs on its way. */
async function openNode(
  settings: Settings,
  options: WorkerOptions,
  closers: Closers,
  stopping: AbortSignal,
): Promise<{ broker: Broker; mongo: Mongo; node: WorkerNode }> {
  const { slots, cores, memory, executorKib, executorHeapMib } = capacityOf(settings);
  const [encoding, verify] = [messageEncoding(settings), messageVerifier(settings)];
  const tls = brokerTls(settings);
  const hostname = expandHostname(settings.hostname);
  const logger = options.logger.child({ worker: hostname });
  for (const warning of uncheckedServers(settings)) logger.warn({}, warning);
  const mongo = await connectMongo(settings.mongoUrl, { appName: hostname });
  closers.push(() => mongo.close());
  const connection = { ...brokerSettings(settings), tls, name: hostname, logger, retry: false };
  const broker = await connectBroker(connection);
  closers.push(() => broker.close());
  const results = resultOptions(settings);
  const backend = await openBackends(settings.resultBackend, mongo, broker.publisher, results);
  closers.push(() => backend.close());
  const onError = (err: unknown) => logger.warn({ err }, 'expired results could not be removed');
  closers.push(startDailyCleanup({ mongo, store: backend, onError }));
  const [holds, metrics] = [createHolds(), createMetrics(settings.metricsCelery ? hostname : null)];
  const executors = createExecutors({
    ...{ slots, cores, maxOldSpaceMb: executorHeapMib },
    modules: options.modules,
    maxTasks: settings.maxTasksPerExecutor ?? null,
    maxMemory: settings.maxMemoryPerExecutor ?? null,
    memory: { limit: executorKib, available: memory, onShort: holds.switchFor('memory is short') },
    settings: executorEnvironment(settings, options.environment),
    onSpent: () => metrics.executorEnded('spent'),
    logger,
  });
  closers.push(() => executors.close());
  options.signal?.throwIfAborted();
  const [{ tasks: manifests }, joined] = await Promise.all([
    executors.start(),
    join(broker, mongo, { hostname, logger, metrics, signal: stopping }),
  ]);
  const tasks = annotatedTasks([...coordinationManifests, ...manifests], settings.taskAnnotations);
  joined.dispatcher.taskEvents = settings.taskEvents;
  const watches = createWatches();
  const node: WorkerNode = {
    ...{ hostname, executors, settings, tasks, logger, metrics },
    backend: withWatches(backend, watches, broker.publisher, results),
    ledger: await openLedger(mongo),
    ...{ publisher: broker.publisher, declareQueue: broker.declareQueue, encoding, verify },
    ...{ deadLetters: broker.deadLetters, parking: broker.parking, delays: createDelays(broker) },
    router: createTaskRouter(settings),
    rateLimits: createRateLimits({ tasks, settings, stopping }),
    events: countEvents(createTaskEvents(joined.dispatcher), metrics.celery, tasks),
    ...joined,
    ...{ requests: new Map(), received: new Map() },
    ...{ watches, holds, stopping },
    outage: watchOutages(mongo, holds, logger),
  };
  return { broker, mongo, node };
}

/** What a node shares with the other nodes: the clock, the revoked tasks, the chords, and its events. */
async function join(
  broker: Broker,
  mongo: Mongo,
  self: Pick<MingleOptions, 'hostname' | 'signal'> & { readonly logger: Logger; readonly metrics: Metrics },
): Promise<Pick<WorkerNode, 'clock' | 'revoked' | 'joins' | 'dispatcher'>> {
  const { publisher, names, openControlReplies: openReplies } = broker;
  const clock = createClock();
  const revoked = createRevokedTasks(await openRevocations(mongo), self.logger);
  revoked.merge(await mingle({ ...self, clock, revoked: revoked.list(), publisher, names, openReplies }));
  const dispatcher = createEventDispatcher({
    ...{ publisher, clock },
    hostname: self.hostname,
    exchange: names.events,
    onSent: self.metrics.eventSent,
    onDropped: self.metrics.eventDropped,
  });
  return { clock, revoked, joins: await openJoins(mongo), dispatcher };
}

async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** `%h` is the machine's name, `%n` its first part, `%d` the rest (celery/utils/nodenames.py). */
function expandHostname(pattern: string): string {
  const name = machineName();
  const [first = name, ...rest] = name.split('.');
  return pattern.replaceAll('%h', name).replaceAll('%n', first).replaceAll('%d', rest.join('.'));
}
