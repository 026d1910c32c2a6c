/** Reads the documents of a collection into columns, without an object per row. */
import type { Column } from '../frame/column.ts';
import { ColumnBuilder } from '../frame/column-builder.ts';
import type { Mongo } from '../mongo/client.ts';
import { readRawBatches } from '../mongo/raw.ts';
import { BsonWalker } from '../mongo/walker.ts';

/** The documents of a collection, field by field, in natural order. */
export interface FieldColumns {
  /** By field name, without `_id`. */
  readonly fields: ReadonlyMap<string, Column>;
  readonly rowCount: number;
}

/**
 * @param wanted the fields to read, in this order; a field that no document has is a column of missing
 *   values. Null reads all fields, in the order in which they are met.
 */
export async function readFields(
  mongo: Mongo,
  collection: string,
  wanted: readonly string[] | null,
  signal: AbortSignal | undefined,
): Promise<FieldColumns> {
  const capacity = await mongo.db.collection(collection).estimatedDocumentCount();
  const builders = new Map<string, ColumnBuilder>();
  for (const name of wanted ?? []) builders.set(name, new ColumnBuilder(capacity));
  const walker = new BsonWalker((name) => {
    if (!wanted && name !== '_id') builders.set(name, new ColumnBuilder(capacity));
    return builders.get(name) ?? null;
  });
  const projection = (wanted && inclusion(wanted)) ?? undefined;
  for await (const batch of readRawBatches(mongo, { collection, projection, signal })) walker.walk(batch);
  const rowCount = walker.rows;
  return {
    fields: new Map([...builders].map(([name, builder]) => [name, builder.build(rowCount)])),
    rowCount,
  };
}

/** Null when the server would take one of the names for a path. */
function inclusion(names: readonly string[]): Record<string, 0 | 1> | null {
  if (names.some((name) => name === '' || name.includes('.') || name.startsWith('$'))) return null;
  return { ...Object.fromEntries(names.map((name) => [name, 1 as const])), _id: 0 };
}
