/** What the driver's error of a bulk write says of the single writes. */
import { OperationalError } from '../errors.ts';
import { isInvalidDocument } from '../mongo/insert.ts';

const BAD_VALUE = 2;

/** A single write that was not done. */
export interface WriteFailure {
  /** The server's error code; null where the driver did not ask the server. */
  readonly code: number | null;
  readonly message: string;
}

/**
 * The writes that failed, by index; all others were done and confirmed.
 *
 * @throws OperationalError if a majority has not confirmed the writes.
 * @throws what made the whole bulk fail, such as a lost connection: the driver hides it in its own error.
 */
export function bulkFailures(error: unknown): ReadonlyMap<number, WriteFailure> {
  if (!isBulkError(error)) throw error;
  if (error.result.getWriteConcernError() !== undefined) {
    throw new OperationalError(
      `a majority of MongoDB's members has not confirmed a write: ${error.message}`,
      {
        cause: error,
      },
    );
  }
  if (error.writeErrors.length === 0) {
    // Of a server that refuses the whole command it is the reply, whose code and labels the driver's error has.
    throw error.errorResponse instanceof Error ? error.errorResponse : error;
  }
  return new Map(
    error.writeErrors.map(({ index, code, errmsg = '' }) => [index, { code, message: errmsg }] as const),
  );
}

/**
 * Whether a whole bulk failed since MongoDB cannot read one of its documents. BadValue, which for a single write means the same,
 * says of a command that its options are wrong: that concerns all documents.
 */
export function isOfOneDocument(error: unknown): error is Error {
  return isInvalidDocument(error) && Reflect.get(error, 'code') !== BAD_VALUE;
}

/** The part of the driver's MongoBulkWriteError that is read here. */
interface BulkError extends Error {
  readonly writeErrors: readonly {
    readonly index: number;
    readonly code: number;
    readonly errmsg?: string;
  }[];
  readonly result: { getWriteConcernError(): unknown };
  readonly errorResponse: unknown;
}

function isBulkError(error: unknown): error is BulkError {
  return error instanceof Error && error.name === 'MongoBulkWriteError' && 'writeErrors' in error;
}
