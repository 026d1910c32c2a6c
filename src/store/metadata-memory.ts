/** Metadata that are asked for over and over: read each time, and decoded only when they have changed. */
import type { ObjectId } from '../mongo/bson.ts';
import { fromBytes, type Metadata } from './metadata.ts';

/** Of those known first, one is forgotten for each beyond. */
const MOST_KNOWN = 100;

/** How a document is found, in BSON. */
interface MetadataQueries {
  byName(name: string): Promise<Buffer | null>;
  byId(id: ObjectId): Promise<Buffer | null>;
}

interface Known {
  readonly bytes: Buffer;
  readonly metadata: Metadata;
}

/**
 * Finds metadata by name. What is known is looked up by its id, for which the server plans nothing; where that document is
 * gone or another, the name is asked for.
 *
 * @returns what gives the same object for as long as the document is the same.
 */
export function rememberMetadata(queries: MetadataQueries): (name: string) => Promise<Metadata | null> {
  const known = new Map<string, Known>();

  async function read(name: string): Promise<Metadata | null> {
    const found = await queries.byName(name);
    known.delete(name);
    if (!found) return null;
    const metadata = fromBytes(found);
    // A copy, since what was read is part of a larger buffer.
    known.set(name, { bytes: Buffer.from(found), metadata });
    const [first = name] = known.keys();
    if (known.size > MOST_KNOWN) known.delete(first);
    return metadata;
  }

  return async (name) => {
    const last = known.get(name);
    if (!last) return await read(name);
    const now = await queries.byId(last.metadata.id);
    return now?.equals(last.bytes) ? last.metadata : await read(name);
  };
}
