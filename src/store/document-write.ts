/** Writing documents into the collection of an object, so that a failed or repeated write does no harm. */
import { InvalidData } from '../errors.ts';
import type { Collection, Document } from '../mongo/bson.ts';
import { collectionToRead, type KindContext, type Write } from './kind.ts';
import { attemptName, idsOf } from './write-ids.ts';

/**
 * Has `fill` write into the collection of the object that is appended to, else into one that nobody knows
 * until the metadata name it. (omega|ml would take `key(name, '.datastore')` for a new object, into which
 * others may be writing; it too reads from wherever the metadata say.) What was written before the data
 * turned out to be invalid is removed.
 *
 * @returns the collection's name.
 */
export async function writeDocuments(
  write: Write,
  context: KindContext,
  fill: (collection: Collection<Document>) => Promise<void>,
): Promise<string> {
  const { target, writeId } = write;
  const name = target ? collectionToRead(target, context) : attemptName(writeId);
  const collection = context.mongo.db.collection(name);
  try {
    await fill(collection);
    return collection.collectionName;
  } catch (error) {
    // After any other error a second attempt may have written the same documents by now.
    if (!target) await collection.drop().catch(() => undefined);
    else if (error instanceof InvalidData) await collection.deleteMany({ _id: idsOf(writeId) });
    throw error;
  }
}
