/** The one MongoDB connection pool of a process. */
import { type Db, MongoAPIError, MongoClient, type MongoClientOptions, MongoError } from 'mongodb';
import { ImproperlyConfigured } from '../errors.ts';
import { unreachable } from './availability.ts';
import { type PoolState, watchPool } from './pool.ts';

export interface Mongo {
  /** The database that the URL's path names, `omega` when it names none. */
  readonly db: Db;
  readonly client: MongoClient;
  /** Calls the listener whenever the driver learns of its servers, with whether one of them takes writes. */
  onWritable(listener: (isWritable: boolean) => void): void;
  /** The connections as they are now. */
  pool(): PoolState;
  close(): Promise<void>;
}

export interface MongoOptions {
  /** Shown in the server's logs and in `currentOp`. Default `omegaml-node`. */
  readonly appName?: string;
  /** Most connections at a time. Default 20. */
  readonly maxPoolSize?: number;
}

/** Majority writes in the journal: what was acknowledged survives a failover. */
const DEFAULTS: MongoClientOptions = {
  appName: 'omegaml-node',
  maxPoolSize: 20,
  w: 'majority',
  journal: true,
  retryWrites: true,
  retryReads: true,
  connectTimeoutMS: 3000,
  heartbeatFrequencyMS: 2000,
  serverSelectionTimeoutMS: 15_000,
};

/** Spellings in a URL of options that the driver's option object names otherwise. */
const URL_SPELLING: Readonly<Record<string, string>> = { journal: 'j' };

/**
 * Connects, and returns once a server was found and has accepted the credentials. What the URL sets
 * explicitly wins over the options and over the defaults. As omega|ml does, credentials are checked
 * against the database `admin` unless the URL sets `authSource`.
 *
 * @throws ImproperlyConfigured when the URL is malformed or the credentials are refused.
 * @throws OperationalError when no server answers within `serverSelectionTimeoutMS` (15 s).
 */
export async function connectMongo(url: string, options: MongoOptions = {}): Promise<Mongo> {
  const mongo = openMongo(url, options);
  try {
    await mongo.client.connect();
  } catch (error) {
    await mongo.close();
    throw connectError(url, error);
  }
  return mongo;
}

/**
 * As {@link connectMongo}, but connects with the first operation: for processes that may never need it.
 *
 * @throws ImproperlyConfigured when the URL is malformed.
 */
export function openMongo(url: string, options: MongoOptions = {}): Mongo {
  const client = createClient(url, options);
  return {
    db: client.db(databaseName(url)),
    client,
    onWritable(listener) {
      client.on('topologyDescriptionChanged', ({ newDescription }) => {
        listener([...newDescription.servers.values()].some(({ isWritable }) => isWritable));
      });
    },
    pool: watchPool(client),
    close: () => client.close(),
  };
}

/** Whether a write failed because a unique index holds the same key already (server error 11000). */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoError && error.code === 11_000;
}

/** `host:port` of the servers in a MongoDB URL, without credentials. */
function mongoHosts(url: string): string {
  const authority = /^mongodb(?:\+srv)?:\/\/([^/?]*)/.exec(url)?.[1] ?? '';
  return authority.slice(authority.lastIndexOf('@') + 1);
}

function createClient(url: string, options: MongoOptions): MongoClient {
  checkEncrypted(url);
  const given = new Set([...urlOptions(url).keys()].map((key) => key.toLowerCase()));
  const wanted = Object.entries({ ...DEFAULTS, ...authSource(url), ...options });
  const missing = wanted.filter(([key]) => !given.has((URL_SPELLING[key] ?? key).toLowerCase()));
  try {
    return connectingAgain(new MongoClient(url, Object.fromEntries(missing)));
  } catch (error) {
    throw malformedUrl(url, error);
  }
}

/** The driver ignores its options of TLS where TLS is off: whoever sets one relies on it. */
function checkEncrypted(url: string): void {
  const options = new Map([...urlOptions(url)].map(([name, value]) => [name.toLowerCase(), value]));
  const isOn = /^mongodb\+srv:/.test(url) || ['tls', 'ssl'].some((name) => options.get(name) === 'true');
  const unused = [...options.keys()].find((name) => /^tls./.test(name));
  if (isOn || unused === undefined) return;
  throw new ImproperlyConfigured(
    `the MongoDB URL for '${mongoHosts(url)}' sets ${unused}, but TLS is off: add tls=true to it`,
  );
}

/**
 * A client whose first operation finds no server keeps its closed topology, and refuses every later operation
 * (driver 7.9). Without a topology it connects with the next one.
 */
function connectingAgain(client: MongoClient): MongoClient {
  return client.on('topologyClosed', () => Reflect.set(client, 'topology', undefined));
}

function urlOptions(url: string): URLSearchParams {
  return new URLSearchParams(url.slice(url.indexOf('?') + 1 || url.length));
}

function authSource(url: string): MongoClientOptions {
  const hasCredentials = /^mongodb:\/\/[^/?]*@/.test(url);
  return hasCredentials ? { authSource: 'admin' } : {};
}

function databaseName(url: string): string {
  const path = /^mongodb(?:\+srv)?:\/\/[^/?]*\/([^?]*)/.exec(url)?.[1];
  return path ? decodeURIComponent(path) : 'omega';
}

/** Keeps the driver's error out of the chain: its message can hold the URL with the password. */
function malformedUrl(url: string, error: unknown): ImproperlyConfigured {
  const reason = error instanceof Error ? error.message.replaceAll(url, 'the URL') : String(error);
  return new ImproperlyConfigured(
    `the MongoDB URL for '${mongoHosts(url)}' is not valid (${reason}): write mongodb://user:password@host:port/database`,
  );
}

/** Of the files that the URL names. */
function isUnreadableFile(error: unknown): boolean {
  return (
    error instanceof Error && 'syscall' in error && (error.syscall === 'open' || error.syscall === 'read')
  );
}

function connectError(url: string, error: unknown): Error {
  const hosts = mongoHosts(url);
  if (error instanceof MongoError && error.code === 18) {
    return new ImproperlyConfigured(
      `MongoDB at ${hosts} refuses the user name or password: check both, and authSource, in the MongoDB URL`,
      { cause: error },
    );
  }
  if (error instanceof MongoAPIError || isUnreadableFile(error)) return malformedUrl(url, error);
  return unreachable(hosts, error);
}
