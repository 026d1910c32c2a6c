/** The quickest way to one document. */
import { BSON, type Document, type Filter, MongoServerSelectionError } from 'mongodb';
import { isUnavailable } from './availability.ts';
import type { Mongo } from './client.ts';
import { parseCursor } from './raw.ts';

/** Bytes of an array in BSON before its first element, after its last one, and of one without elements. */
const [BEFORE_FIRST, AFTER_LAST] = [7, 1];
const EMPTY_ARRAY = 5;

/**
 * The first document that matches, from the primary, in BSON. As `findOne`, but without the cursor and the session that
 * the driver makes for each: 0.2 ms less, which counts where a task asks one question and does little else.
 */
export async function findFirst<Found extends Document>(
  mongo: Mongo,
  collection: string,
  filter: Filter<Found>,
): Promise<Buffer | null> {
  const ask = () => askFirst(mongo, collection, filter);
  try {
    return await ask();
  } catch (error) {
    // The driver tries commands once, and operations such as `findOne` again.
    if (!isUnavailable(error) || error instanceof MongoServerSelectionError) throw error;
    return await ask();
  }
}

/** What a document in BSON says. */
export function decodeDocument<Found extends Document>(bytes: Buffer): Found {
  return BSON.deserialize(bytes) as Found;
}

async function askFirst<Found extends Document>(
  { db }: Mongo,
  collection: string,
  filter: Filter<Found>,
): Promise<Buffer | null> {
  const { cursor } = await db.command(
    { find: collection, filter, limit: 1, singleBatch: true },
    { raw: true },
  );
  const { batch } = parseCursor(cursor);
  return batch.length === EMPTY_ARRAY ? null : batch.subarray(BEFORE_FIRST, -AFTER_LAST);
}
