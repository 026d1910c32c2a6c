/** The quickest way to one document. */
import { type Document, type Filter, MongoServerSelectionError } from 'mongodb';
import { isUnavailable } from './availability.ts';
import type { Mongo } from './client.ts';

/**
 * The first document that matches, from the primary. As `findOne`, but without the cursor and the session that the driver
 * makes for each: 0.2 ms less, which counts where a task asks one question and does little else.
 */
export async function findFirst<Found extends Document>(
  { db }: Mongo,
  collection: string,
  filter: Filter<Found>,
  projection: Document = {},
): Promise<Found | null> {
  try {
    const { cursor } = await db.command({
      find: collection,
      filter,
      projection,
      limit: 1,
      singleBatch: true,
    });
    return cursor.firstBatch[0] ?? null;
  } catch (error) {
    // The driver tries commands once, and operations such as `findOne` again.
    if (!isUnavailable(error) || error instanceof MongoServerSelectionError) throw error;
    return (await db.collection<Found>(collection).findOne(filter, { projection })) as Found | null;
  }
}
