/** The facade: one object with the stores and the runtime, by omega|ml's names. */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { ResultStore } from './backend/backend.ts';
import { openResultStore } from './backend/backends.ts';
import { openLargeResults } from './backend/large-results.ts';
import { openMongoBackend } from './backend/mongodb.ts';
import { settlesWithin } from './broker/deadline.ts';
import { connectTransport } from './broker/transport.ts';
import {
  brokerSettings,
  loadSettings,
  resultOptions,
  routing,
  type Settings,
  type SettingValues,
} from './config.ts';
import type { Transport } from './contract/transport.ts';
import { OperationalError } from './errors.ts';
import { openLedger } from './ledger/ledger.ts';
import { createModels, type Models } from './models/models.ts';
import { connectMongo, type Mongo } from './mongo/client.ts';
import { createRouter } from './protocol/routes.ts';
import type { Encoding } from './protocol/serializers.ts';
import type { DataStage } from './runtime/model-proxy.ts';
import { openOnce } from './runtime/open-once.ts';
import type { ResultReader } from './runtime/result-sources.ts';
import { createRuntime, type OmegaRuntime } from './runtime/runtime.ts';
import { createSender } from './runtime/sender.ts';
import { messageEncoding } from './security.ts';
import { createDatasets, type Datasets } from './store/datasets.ts';
import { createJobs, type Jobs } from './store/notebooks.ts';
import { brokerTls, uncheckedServers } from './tls.ts';

/** How long closing waits for messages that are on their way: as long as the broker may take to confirm one. */
const SENDING_TIMEOUT_MS = 30_000;

/** How to connect; what is left out comes from the environment (`OMEGA_*`), else from the defaults. */
export type ConnectOptions = Pick<
  SettingValues,
  | 'mongoUrl'
  | 'broker'
  | 'resultBackend'
  | 'resultExpires'
  | 'acceptContent'
  | 'resultAcceptContent'
  | 'resultSerializer'
  | 'bucket'
  | 'queues'
  | 'defaultQueue'
  | 'taskQueues'
  | 'taskRoutes'
  | 'defaultPriority'
  | 'deliveryMode'
  | 'taskSerializer'
  | 'securityKey'
  | 'securityKeyPassword'
  | 'securityCertificate'
  | 'securityDigest'
  | 'brokerRead'
  | 'brokerWrite'
  | 'brokerCa'
  | 'brokerCert'
  | 'brokerKey'
  | 'brokerKeyPassword'
  | 'brokerServerName'
  | 'brokerVerify'
  | 'brokerHeartbeat'
  | 'brokerConnectionTimeout'
  | 'controlExchange'
  | 'eventExchange'
  | 'sentEvents'
  | 'queueType'
  | 'queueMaxPriority'
  | 'taskTimeout'
>;

/** A connection to MongoDB and RabbitMQ. Close it when done: it keeps the process alive. */
export interface Omega {
  readonly datasets: Datasets;
  readonly models: Models;
  /** Notebooks. */
  readonly jobs: Jobs;
  readonly runtime: OmegaRuntime;
  /**
   * Sends what is still to be sent, and ends every wait for a result with OperationalError; the tasks themselves
   * go on.
   */
  close(): Promise<void>;
}

/**
 * Connects to MongoDB and RabbitMQ.
 *
 * @example
 * const om = await connect({ mongoUrl: 'mongodb://localhost/omega', broker: 'amqp://localhost' });
 * await om.runtime.model('price').fit('diamonds[^price]', 'diamonds[price]');
 *
 * @throws ImproperlyConfigured when a setting is wrong, OperationalError when a server does not answer.
 */
export async function connect(options: ConnectOptions = {}): Promise<Omega> {
  return await connectWith(loadSettings(process.env, options));
}

/** {@link connect} with settings that are loaded already. */
export async function connectWith(settings: Settings): Promise<Omega> {
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const [encoding, tls] = [messageEncoding(settings), brokerTls(settings)];
    for (const warning of uncheckedServers(settings)) process.emitWarning(warning, 'SecurityWarning');
    const mongo = await connectMongo(settings.mongoUrl);
    closers.push(() => mongo.close());
    const store = await openStore(settings, mongo);
    if (store) closers.push(() => store.close());
    const name = 'omegaml-node client';
    const transport = await connectTransport({ ...brokerSettings(settings), tls, name, retry: false });
    closers.push(() => transport.close());
    return createOmega(settings, { mongo, store, transport, encoding, closeAll });
  } catch (error) {
    await closeAll();
    throw error;
  }
}

interface Connections {
  readonly mongo: Mongo;
  readonly store: ResultStore | null;
  readonly transport: Transport;
  readonly encoding: Encoding;
  closeAll(): Promise<void>;
}

function createOmega(
  settings: Settings,
  { mongo, store, transport, encoding, closeAll }: Connections,
): Omega {
  const { bucket } = settings;
  const datasets = createDatasets(mongo, { bucket });
  const closing = new AbortController();
  // As many may listen to it as groups are waited for.
  setMaxListeners(0, closing.signal);
  const ledger = openOnce(() => openLedger(mongo));
  const sender = createSender(transport, { sentEvents: settings.sentEvents, encoding });
  return {
    datasets,
    models: createModels(mongo, { bucket }),
    jobs: createJobs(mongo, { bucket }),
    runtime: createRuntime({
      transport,
      reader: store && readerOf(store),
      resolveLarge: openLargeResults(mongo).resolve,
      resultContent: resultOptions(settings).content,
      replies: settings.resultBackend === '' || settings.resultBackend === 'rpc://',
      sender,
      stored: store,
      chords: chordsOf(settings),
      chordCounter: store?.chords,
      stage: createStage(datasets),
      queue: routing(settings).defaultQueue,
      forgetRuns: async (taskId) => (await ledger()).forget(taskId),
      router: createRouter(routing(settings)),
      bucket: bucket === 'omegaml' ? null : bucket,
      taskTimeout: settings.taskTimeout,
      closing: closing.signal,
    }),
    async close() {
      closing.abort(clientClosed());
      await settlesWithin(sender.idle(), SENDING_TIMEOUT_MS);
      await closeAll();
    },
  };
}

function clientClosed(): OperationalError {
  return new OperationalError(
    'the connection was closed while a result was awaited: the task goes on; connect again and ask for the result with the id of the task',
  );
}

/** Null when results are not stored anywhere. */
async function openStore(settings: Settings, mongo: Mongo): Promise<ResultStore | null> {
  const { resultBackend } = settings;
  const options = resultOptions(settings);
  if (resultBackend === 'rpc://') return null;
  return resultBackend === ''
    ? await openMongoBackend(mongo, options)
    : await openResultStore(resultBackend, options);
}

function readerOf(store: ResultStore): ResultReader {
  return { fetch: store.fetchResult, forget: store.forgetResult, watch: store.watch };
}

/** Chords join our way where results are stored in MongoDB; Redis counts by itself. */
function chordsOf({ resultBackend }: Settings): 'join' | 'redis' | null {
  if (resultBackend === 'rpc://') return null;
  return resultBackend.startsWith('redis') ? 'redis' : 'join';
}

/** Data that are passed by value travel as datasets with a name of their own, as in omega|ml. */
function createStage(datasets: Datasets): DataStage {
  return {
    async stage(data) {
      const name = `_temp_${randomBytes(16).toString('hex')}`;
      await datasets.put(data, name);
      return name;
    },
  };
}
