/** Writing documents into the collection of an object, so that a failed or repeated write does no harm. */
import { createHash } from 'node:crypto';
import { InvalidData } from '../errors.ts';
import { type Collection, type Document, ObjectId } from '../mongo/bson.ts';
import { collectionToRead, type KindContext, type Write } from './kind.ts';
import { uniqueKey } from './names.ts';

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
  const collection = context.mongo.db.collection(target ? collectionToRead(target, context) : uniqueKey());
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

/**
 * An `_id` for each position in one write: 8 bytes of the write's hash, 4 bytes of position. So a document
 * that is written again under the same write id is recognized.
 */
export function documentIds(writeId: string): (position: number) => ObjectId {
  const bytes = createHash('sha1').update(writeId).digest().subarray(0, 12);
  return (position) => {
    bytes.writeUInt32BE(position, 8);
    return new ObjectId(Buffer.from(bytes));
  };
}

function idsOf(writeId: string): { $gte: ObjectId; $lte: ObjectId } {
  const idOf = documentIds(writeId);
  return { $gte: idOf(0), $lte: idOf(0xffff_ffff) };
}
