/** Reads a collection as raw BSON batches, which the driver does not look into. */
import { BSON, type ClientSession, type Document, Long } from 'mongodb';
import type { Mongo } from './client.ts';
import { BsonType, valueEnd } from './element.ts';
import { countRead } from './traffic.ts';

export interface RawQuery {
  readonly collection: string;
  /** Fields to include. Exclusions cost the server more than sending the whole documents. */
  readonly projection?: Readonly<Record<string, 0 | 1>> | undefined;
  /** Default: all documents. */
  readonly filter?: Document | undefined;
  /** Default: natural order. */
  readonly sort?: Readonly<Record<string, 1 | -1>> | undefined;
  /** Most documents in a batch; default 101 in the first, then as many as fit into 16 MB. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The documents, each batch one BSON array. Closes the server's cursor when the
 * caller stops early.
 */
export async function* readRawBatches(mongo: Mongo, query: RawQuery): AsyncGenerator<Buffer> {
  const { collection, signal } = query;
  const session = mongo.client.startSession();
  const run = (command: Document): Promise<RawCursor> => runRaw(mongo, session, command, signal);
  let open = Long.ZERO;
  let pending = run(findCommand(query));
  try {
    for (;;) {
      const { id, batch } = await pending;
      if (id.isZero()) return yield batch;
      open = id;
      // The server fills the next batch while the caller works on this one.
      pending = run({ getMore: id, collection, ...batchSizeOf(query) });
      pending.catch(() => undefined);
      yield batch;
    }
  } finally {
    const id = await pending.then(
      (cursor) => cursor.id,
      () => open,
    );
    if (!id.isZero()) await killCursor(mongo, session, collection, id);
    await session.endSession();
  }
}

/** The documents of a batch. Binary values are views of the batch. */
export function decodeBatch(batch: Buffer): Document[] {
  return Object.values(BSON.deserialize(batch, { promoteBuffers: true }));
}

function findCommand(query: RawQuery): Document {
  const { collection, filter, projection, sort } = query;
  return {
    find: collection,
    ...(filter && { filter }),
    ...(projection && { projection }),
    ...(sort && { sort }),
    ...batchSizeOf(query),
  };
}

function batchSizeOf({ batchSize }: RawQuery): Document {
  return batchSize === undefined ? {} : { batchSize };
}

interface RawCursor {
  readonly id: Long;
  readonly batch: Buffer;
}

async function runRaw(
  mongo: Mongo,
  session: ClientSession,
  command: Document,
  signal: AbortSignal | undefined,
): Promise<RawCursor> {
  signal?.throwIfAborted();
  const response = await mongo.db.command(command, {
    raw: true,
    session,
    readPreference: 'primary',
    ...(signal ? { signal } : {}),
  });
  const cursor = parseCursor(response.cursor);
  countRead(cursor.batch.length);
  return cursor;
}

/** The reply's `cursor` document: `firstBatch` or `nextBatch`, a BSON array, and `id`. */
export function parseCursor(cursor: Buffer): RawCursor {
  let id = Long.ZERO;
  let batch = cursor.subarray(0, 0);
  let offset = 4;
  while (offset < cursor.length - 1) {
    const type = cursor[offset] ?? 0;
    const keyEnd = cursor.indexOf(0, offset + 1);
    const key = cursor.toString('latin1', offset + 1, keyEnd);
    offset = valueEnd(cursor, type, keyEnd + 1);
    if (type === BsonType.array) batch = cursor.subarray(keyEnd + 1, offset);
    else if (key === 'id') id = Long.fromBigInt(cursor.readBigInt64LE(keyEnd + 1));
  }
  return { id, batch };
}

/** Best effort: the server closes an idle cursor by itself. */
async function killCursor(mongo: Mongo, session: ClientSession, collection: string, id: Long): Promise<void> {
  await mongo.db.command({ killCursors: collection, cursors: [id] }, { session }).catch(() => undefined);
}
