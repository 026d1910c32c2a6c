/** Inserts that can be repeated. */
import { BSON, type Collection, type Document, MongoBulkWriteError, MongoError } from 'mongodb';
import { InvalidData } from '../errors.ts';
import { isDuplicateKey } from './client.ts';

/** Document too large, nested too deep, or with field names that MongoDB does not take. */
const INVALID_DOCUMENT: ReadonlySet<unknown> = new Set([2, 15, 52, 55, 10_334, 17_280, 17_419, 17_420]);

/**
 * Inserts documents whose `_id` says what they are: those that are there already are left as they are.
 *
 * @throws InvalidData when MongoDB cannot hold a document: larger than 16 MB, circular, nested too deep.
 */
export async function insertMissing(collection: Collection<Document>, documents: Document[]): Promise<void> {
  try {
    await collection.insertMany(documents, { ordered: false });
  } catch (error) {
    if (areAllDuplicates(error)) return;
    if (!isInvalidDocument(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidData(`MongoDB cannot hold the data (${reason}): store them in another form`, {
      cause: error,
    });
  }
}

function areAllDuplicates(error: unknown): boolean {
  if (!(error instanceof MongoBulkWriteError)) return isDuplicateKey(error);
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return errors.every(({ code }) => code === 11_000) && !error.result.getWriteConcernError();
}

function isInvalidDocument(error: unknown): boolean {
  if (error instanceof BSON.BSONError || error instanceof RangeError) return true;
  return (
    error instanceof MongoError &&
    (error.name === 'MongoInvalidArgumentError' || INVALID_DOCUMENT.has(error.code))
  );
}
