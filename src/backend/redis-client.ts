/** The connection to Redis: the only importer of ioredis, which is an optional package. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { Redis } from 'ioredis';
import { BackendStoreError, ImproperlyConfigured, MissingDependency, OperationalError } from '../errors.ts';

export type RedisClient = Redis;

/** A connection, and what its URL says of the keys. */
export interface RedisConnection {
  readonly client: RedisClient;
  /** What every key starts with (Celery's `global_keyprefix`). */
  readonly keyPrefix: string;
}

/** A Lua script on the server: its keys, then its arguments. */
export type RedisScript = (...values: (string | number | Buffer)[]) => Promise<unknown>;

/** Replies by which the server says that it cannot answer now. */
const UNAVAILABLE = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|BUSY|OOM|TRYAGAIN|MISCONF|NOREPLICAS)\b/;
const REFUSES_LOGIN = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|AUTH|Client sent AUTH))/;
const COMMAND_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_LAST_MS = 2_000;

/**
 * Connects by a URL as Celery writes it: `redis://user:password@host:port/db`, `rediss://…` with `ssl_cert_reqs`,
 * `ssl_ca_certs`, `ssl_certfile` and `ssl_keyfile`, `socket:///path?virtual_host=db`. `global_keyprefix` is read
 * from the URL as well.
 *
 * @throws MissingDependency without ioredis, ImproperlyConfigured for a URL that is none and a login that is
 *   refused, OperationalError if Redis cannot be reached.
 */
export async function connectRedis(url: string): Promise<RedisConnection> {
  const { Redis } = await load();
  const { address, keyPrefix } = parseUrl(url);
  const client = new Redis({
    ...address,
    protocol: 2,
    lazyConnect: true,
    connectionName: 'omegaml-node',
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 3,
    retryStrategy: (attempt) => Math.min(attempt * 100, RECONNECT_LAST_MS),
  });
  // Whoever waits for a command hears of a lost connection there; without a listener ioredis writes to stderr.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    client.disconnect();
    throw connectError(new URL(url), error);
  }
  return { client, keyPrefix };
}

/** Registers a script; it travels once, then goes by its hash. Texts that it answers are buffers. */
export function defineScript(client: RedisClient, name: string, keys: number, lua: string): RedisScript {
  client.defineCommand(name, { numberOfKeys: keys, lua });
  const run = Reflect.get(client, `${name}Buffer`) as RedisScript;
  return (...values) => reachingRedis(() => Reflect.apply(run, client, values));
}

/** Runs a command. @throws OperationalError if Redis cannot be reached or answer now, BackendStoreError if it refuses. */
export async function reachingRedis<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const reason = messageOf(error);
    const refuses = error instanceof Error && error.name === 'ReplyError' && !UNAVAILABLE.test(reason);
    if (refuses) {
      throw new BackendStoreError(`Redis refuses: ${reason}. Check the user's rights and the server's log`, {
        cause: error,
      });
    }
    throw new OperationalError(`Redis cannot be reached: ${reason}. Is it running?`, { cause: error });
  }
}

/** Where a server is, and how to log in. */
type Address = ({ path: string } | { host: string; port: number }) & {
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: ConnectionOptions;
};

function parseUrl(text: string): { address: Address; keyPrefix: string } {
  const url = parsed(text);
  const { searchParams: query } = url;
  const path = decodeURIComponent(url.pathname);
  const isSocket = url.protocol.includes('socket');
  const db = Number((isSocket ? query.get('virtual_host') : path)?.replaceAll('/', '') || 0);
  if (!Number.isInteger(db) || db < 0) throw malformed(url, 'the number of its database is none');
  const login = {
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
  };
  const place = isSocket ? { path } : { host: url.hostname || 'localhost', port: Number(url.port || 6379) };
  const tls = url.protocol === 'rediss:' ? { tls: tlsOptions(query) } : {};
  return { address: { ...place, ...login, ...tls, db }, keyPrefix: keyPrefixOf(query) };
}

function parsed(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The error of the URL class would quote the password.
    throw new ImproperlyConfigured('the Redis URL is not valid: write redis://user:password@host:port/db');
  }
}

/** Names of Celery's URL, which are redis-py's. */
function tlsOptions(query: URLSearchParams): ConnectionOptions {
  const file = (name: string) => {
    const path = query.get(name);
    return path === null ? undefined : readFileSync(path);
  };
  const [ca, cert, key] = [file('ssl_ca_certs'), file('ssl_certfile'), file('ssl_keyfile')];
  const rejectUnauthorized = !/^(CERT_)?NONE$/i.test(query.get('ssl_cert_reqs') ?? '');
  return { rejectUnauthorized, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** celery/backends/base.py `_add_global_keyprefix`. */
function keyPrefixOf(query: URLSearchParams): string {
  const prefix = query.get('global_keyprefix') ?? '';
  return prefix === '' || /[:_\-.]$/.test(prefix) ? prefix : `${prefix}_`;
}

async function load(): Promise<Pick<typeof import('ioredis'), 'Redis'>> {
  try {
    return await import('ioredis');
  } catch (error) {
    throw new MissingDependency(
      'results in Redis need the package ioredis, which cannot be loaded: run `npm install ioredis`',
      { cause: error },
    );
  }
}

function connectError(url: URL, error: unknown): Error {
  const reason = messageOf(error);
  if (REFUSES_LOGIN.test(reason)) return malformed(url, reason);
  return new OperationalError(
    `Redis at ${url.host || url.pathname} cannot be reached (${reason}): check that it runs there and that the URL names it`,
    { cause: error },
  );
}

function malformed(url: URL, reason: string): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `Redis at ${url.host || url.pathname} cannot be used (${reason}): write redis://user:password@host:port/db`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
