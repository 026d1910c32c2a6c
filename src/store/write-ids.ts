/** Ids and names that follow from the write that they belong to, so that a repeated write finds them. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { ObjectId } from '../mongo/bson.ts';

/** Length of the part of a collection's name that follows from the write. */
const NAME_PREFIX = 20;

/**
 * An `_id` for each position in one write: 8 bytes of the write's hash, 4 bytes of position. So a document
 * that is written again under the same write id is recognized.
 */
export function documentIds(writeId: string): (position: number) => ObjectId {
  const bytes = createHash('sha1').update(writeId).digest().subarray(0, 12);
  return (position) => {
    setPosition(bytes, position);
    return new ObjectId(Buffer.from(bytes));
  };
}

/** Makes the bytes of an `_id` of a write those of the one at another position. */
export function setPosition(id: Buffer, position: number): void {
  id.writeUInt32BE(position, 8);
}

/** The `_id` at a position in the write whose first one is known. */
export function idAt(first: ObjectId, position: number): ObjectId {
  const bytes = Buffer.from(first.id);
  setPosition(bytes, position);
  return new ObjectId(bytes);
}

/** All that {@link documentIds} and {@link attemptId} give for a write. */
export function idsOf(writeId: string): { $gte: ObjectId; $lte: ObjectId } {
  const idOf = documentIds(writeId);
  return { $gte: idOf(0), $lte: idOf(0xffff_ffff) };
}

/** An `_id` for what one attempt at a write stores apart from all others. */
export function attemptId(writeId: string): ObjectId {
  return documentIds(writeId)(randomInt(2 ** 32));
}

/** A collection's name for one attempt at a write, in the form of omega|ml's keys. */
export function attemptName(writeId: string): string {
  return `${namePrefix(writeId)}${randomBytes(20).toString('hex').slice(NAME_PREFIX)}`;
}

/** Matches what {@link attemptName} gives for a write. */
export function attemptNames(writeId: string): RegExp {
  return new RegExp(`^${namePrefix(writeId)}[0-9a-f]{${40 - NAME_PREFIX}}$`);
}

function namePrefix(writeId: string): string {
  return createHash('sha1').update(writeId).digest('hex').slice(0, NAME_PREFIX);
}
