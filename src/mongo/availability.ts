/** Whether MongoDB can be used now. */
import { MongoError, MongoNetworkError, MongoServerSelectionError, MongoTopologyClosedError } from 'mongodb';
import { OperationalError } from '../errors.ts';
import { type TlsNames, tlsRemedy } from '../tls-errors.ts';
import type { Mongo } from './client.ts';

/** `OutOfDiskSpace`. */
const OUT_OF_DISK_SPACE = 14_031;
/** What the operating system says of a full disk; the server passes it on under codes of several kinds. */
const NO_SPACE = /No space left on device/i;

const TLS_NAMES: TlsNames = {
  ca: 'tlsCAFile in the MongoDB URL',
  cert: 'tlsCertificateKeyFile in the MongoDB URL',
  host: 'the MongoDB URL',
};

/** The last one meets an operation that began while the first connection was being tried, in vain. */
const UNREACHABLE = [MongoServerSelectionError, MongoNetworkError, MongoTopologyClosedError];

/**
 * What a server says while a replica set fails over, by the names of MongoDB's error codes. The driver tries many an
 * operation again by itself, but not all of them, such as building an index, and only once.
 */
const FAILING_OVER: ReadonlySet<unknown> = new Set([
  ...[6, 7, 89, 9001], // HostUnreachable, HostNotFound, NetworkTimeout, SocketException
  ...[91, 11_600], // ShutdownInProgress, InterruptedAtShutdown
  ...[189, 11_602], // PrimarySteppedDown, InterruptedDueToReplStateChange
  ...[10_107, 13_435, 13_436], // NotWritablePrimary, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary
  ...[134, 262], // ReadConcernMajorityNotAvailableYet, ExceededTimeLimit
  ...[43, 276], // CursorNotFound, IndexBuildAborted
]);

/** What a server answers instead of doing something. */
interface Refusal {
  readonly code?: unknown;
  readonly message: string;
}

/** Whether MongoDB could not be reached, is failing over or has no room: the same call may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (UNREACHABLE.some((kind) => error instanceof kind)) return true;
  return error instanceof MongoError && (error.hasErrorLabel('RetryableWriteError') || isTransient(error));
}

/** Whether a server has refused something, or one of many writes, that it may take later. */
export function isTransient(refusal: Refusal): boolean {
  return FAILING_OVER.has(refusal.code) || isDiskFull(refusal);
}

function isDiskFull({ code, message }: Refusal): boolean {
  return code === OUT_OF_DISK_SPACE || NO_SPACE.test(message);
}

/**
 * Runs an operation.
 *
 * @throws OperationalError, which names the servers, when MongoDB cannot be used now; what the operation
 *   throws otherwise.
 */
export async function mapUnavailable<Result>(
  mongo: Mongo,
  operation: () => Promise<Result>,
): Promise<Result> {
  try {
    return await operation();
  } catch (error) {
    throw orUnreachable(mongo, error);
  }
}

/** The error, or the OperationalError that stands for it when MongoDB cannot be used now. */
export function orUnreachable(mongo: Mongo, error: unknown): unknown {
  return isUnavailable(error) ? unreachable(mongo.client.options.hosts.join(','), error) : error;
}

/** @param hosts as `host:port`, comma separated. */
export function unreachable(hosts: string, error: unknown): OperationalError {
  const reason = error instanceof Error ? error.message : String(error);
  return new OperationalError(
    `MongoDB at ${hosts} cannot be used now (${reason}): ${remedyFor(error, reason)}`,
    {
      cause: error,
    },
  );
}

function remedyFor(error: unknown, reason: string): string {
  if (error instanceof MongoError && isDiskFull(error)) return 'give its disk more room';
  const remedy = tlsRemedy(error, TLS_NAMES);
  if (remedy !== null) return remedy;
  // The driver does not say what the server said before.
  const mayWantCertificate = / closed$/.test(reason)
    ? `, and ${TLS_NAMES.cert} if it wants a certificate`
    : '';
  return `check that it runs there and that the MongoDB URL names it${mayWantCertificate}`;
}
