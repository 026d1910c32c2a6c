/** Inserts that can be repeated. */
import {
  BSON,
  type Collection,
  type Document,
  MongoBulkWriteError,
  MongoError,
  MongoServerError,
} from 'mongodb';
// Not in the driver's public interface, whose version is fixed in package.json: there is no other way to insert what is
// encoded already, and encoding objects takes longer than the server needs to insert them.
import { DocumentSequence } from 'mongodb/lib/cmap/commands.js';
import { InvalidData } from '../errors.ts';
import { isUnavailable } from './availability.ts';
import { isDuplicateKey, type Mongo } from './client.ts';
import { countWritten } from './traffic.ts';

/** Document too large, nested too deep, or with field names that MongoDB does not take. */
const INVALID_DOCUMENT: ReadonlySet<unknown> = new Set([2, 15, 52, 55, 10_334, 17_280, 17_419, 17_420]);
const DUPLICATE_KEY = 11_000;

/**
 * Inserts documents whose `_id` says what they are: those that are there already are left as they are.
 *
 * @throws InvalidData when MongoDB cannot hold a document: larger than 16 MB, circular, nested too deep.
 */
export async function insertMissing(collection: Collection<Document>, documents: Document[]): Promise<void> {
  try {
    await collection.insertMany(documents, { ordered: false });
    countWritten(documents.reduce((sum, document) => sum + BSON.calculateObjectSize(document), 0));
  } catch (error) {
    if (areAllDuplicates(error)) return;
    throw orInvalidData(error);
  }
}

/**
 * As {@link insertMissing}, for documents in BSON, one after the other: at most 100,000 of them, and 40 MB. Tried once
 * more when MongoDB fails over.
 */
export async function insertMissingRaw(
  mongo: Mongo,
  collection: Collection<Document>,
  documents: Uint8Array,
): Promise<void> {
  const insert = () => runInsert(mongo, collection, documents);
  try {
    await insert().catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
      return insert();
    });
  } catch (error) {
    throw orInvalidData(error);
  }
}

/** An error of the data for what says that MongoDB cannot hold them. */
export function orInvalidData(error: unknown): unknown {
  if (!isInvalidDocument(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new InvalidData(`MongoDB cannot hold the data (${reason}): store them in another form`, {
    cause: error,
  });
}

async function runInsert(
  mongo: Mongo,
  { collectionName, writeConcern }: Collection<Document>,
  bytes: Uint8Array,
): Promise<void> {
  const documents = new DocumentSequence('documents');
  documents.push({}, bytes);
  countWritten(bytes.length);
  const reply = await mongo.db.command({
    insert: collectionName,
    documents,
    ordered: false,
    ...(writeConcern && { writeConcern: { w: writeConcern.w, j: writeConcern.journal } }),
  });
  const refusals: Document[] = [
    ...(reply.writeErrors ?? []),
    ...(reply.writeConcernError ? [reply.writeConcernError] : []),
  ];
  const refusal = refusals.find(({ code }) => code !== DUPLICATE_KEY);
  if (refusal) throw new MongoServerError({ message: refusal.errmsg, code: refusal.code });
}

function areAllDuplicates(error: unknown): boolean {
  if (!(error instanceof MongoBulkWriteError)) return isDuplicateKey(error);
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return errors.every(({ code }) => code === DUPLICATE_KEY) && !error.result.getWriteConcernError();
}

/** Whether MongoDB can never hold a document, or its driver cannot write it. */
export function isInvalidDocument(error: unknown): error is Error {
  if (error instanceof BSON.BSONError || error instanceof RangeError) return true;
  return (
    error instanceof MongoError &&
    (error.name === 'MongoInvalidArgumentError' || INVALID_DOCUMENT.has(error.code))
  );
}
