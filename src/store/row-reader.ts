/** Reads the documents of a collection into columns, without an object per row. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Column } from '../frame/column.ts';
import { ColumnBuilder } from '../frame/column-builder.ts';
import type { Document } from '../mongo/bson.ts';
import type { Mongo } from '../mongo/client.ts';
import { type RawQuery, readRawBatches } from '../mongo/raw.ts';
import { BsonWalker } from '../mongo/walker.ts';

/** The documents of a collection, field by field, in natural order. */
export interface FieldColumns {
  /** By field name, without `_id`. */
  readonly fields: ReadonlyMap<string, Column>;
  readonly rowCount: number;
}

/** Which documents are read, and what of them. */
export interface FieldsQuery {
  readonly collection: string;
  /**
   * The fields to read, in this order; a field that no document has is a column of missing values. Null reads all fields,
   * in the order in which they are met.
   */
  readonly wanted: readonly string[] | null;
  /** Default: all documents. */
  readonly filter?: Document | undefined;
  readonly signal?: AbortSignal | undefined;
}

export async function readFields(mongo: Mongo, query: FieldsQuery): Promise<FieldColumns> {
  const capacity = query.filter
    ? undefined
    : await mongo.db.collection(query.collection).estimatedDocumentCount();
  const building = beginFields(query.wanted, capacity);
  for await (const batch of readRawBatches(mongo, rawQuery(query))) await building.walk(batch);
  return building.end();
}

/** As {@link readFields}, in parts of at most `rows` documents, in the order of a field that has an index. */
export async function* readFieldsInBlocks(
  mongo: Mongo,
  query: FieldsQuery,
  { rows, orderBy }: { readonly rows: number; readonly orderBy: string | null },
): AsyncGenerator<FieldColumns> {
  const order = orderBy === null ? undefined : { [orderBy]: 1 as const };
  for await (const batch of readRawBatches(mongo, { ...rawQuery(query), sort: order, batchSize: rows })) {
    const building = beginFields(query.wanted, rows);
    await building.walk(batch);
    const read = building.end();
    if (read.rowCount > 0) yield read;
  }
}

function rawQuery({ collection, wanted, filter, signal }: FieldsQuery): RawQuery {
  return { collection, filter, projection: (wanted && inclusion(wanted)) ?? undefined, signal };
}

/** @param capacity the expected number of documents. */
function beginFields(wanted: readonly string[] | null, capacity: number | undefined) {
  const builders = new Map<string, ColumnBuilder>();
  for (const name of wanted ?? []) builders.set(name, new ColumnBuilder(capacity));
  const walker = new BsonWalker((name) => {
    if (!wanted && name !== '_id') builders.set(name, new ColumnBuilder(capacity));
    return builders.get(name) ?? null;
  });
  return {
    async walk(batch: Buffer): Promise<void> {
      for (const _ of walker.walk(batch)) await nextTurn();
    },
    end(): FieldColumns {
      const rowCount = walker.rows;
      const fields = [...builders].map(([name, builder]) => [name, builder.build(rowCount)] as const);
      return { fields: new Map(fields), rowCount };
    },
  };
}

/** Null when the server would take one of the names for a path. */
function inclusion(names: readonly string[]): Record<string, 0 | 1> | null {
  if (names.some((name) => name === '' || name.includes('.') || name.startsWith('$'))) return null;
  return { ...Object.fromEntries(names.map((name) => [name, 1 as const])), _id: 0 };
}
