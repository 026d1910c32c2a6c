/** Writes the rows of a DataFrame as documents. */
import type { Column } from '../frame/column.ts';
import { valueAt } from '../frame/column-rows.ts';
import { type Collection, type Document, Double, Long, type ObjectId } from '../mongo/bson.ts';
import { insertMissing } from '../mongo/insert.ts';
import { requireInt64 } from './integers.ts';
import { ROW_ID, type RowLayout } from './row-layout.ts';
import { documentIds } from './write-ids.ts';

const ROWS_PER_BATCH = 5000;

/**
 * Appends rows. Every row's `_id` follows from `writeId` and its position, so that writing the same rows
 * again, whole or after a part, adds nothing.
 *
 * @throws InvalidData
 */
export async function writeRows(
  collection: Collection<Document>,
  layout: RowLayout,
  rowCount: number,
  writeId: string,
): Promise<void> {
  const idOf = documentIds(writeId);
  const firstRowId = await nextRowId(collection, idOf(0));
  const readers = layout.fields.map(({ field, column }) => ({ field, read: valueReader(field, column) }));
  for (let start = 0; start < rowCount; start += ROWS_PER_BATCH) {
    const documents = Array.from({ length: Math.min(ROWS_PER_BATCH, rowCount - start) }, (_, i) => {
      const row = start + i;
      const document: Document = { _id: idOf(row) };
      for (const { field, read } of readers) document[field] = read(row);
      document[ROW_ID] = firstRowId + row;
      return document;
    });
    await insertMissing(collection, documents);
  }
}

/** The row id to begin with: where an earlier attempt began, else after the last row. */
async function nextRowId(collection: Collection<Document>, firstId: ObjectId): Promise<number> {
  const begun = await collection.findOne({ _id: firstId }, { projection: { [ROW_ID]: 1 } });
  if (begun) return Number(begun[ROW_ID]);
  const last = await collection.findOne({}, { projection: { [ROW_ID]: 1 }, sort: { [ROW_ID]: -1 } });
  return last ? Number(last[ROW_ID] ?? -1) + 1 : 0;
}

/**
 * How to read a column's values as BSON. Missing doubles are NaN, as pandas stores them.
 *
 * @throws InvalidData for integers beyond 64 bits.
 */
function valueReader(field: string, column: Column): (row: number) => unknown {
  if (column.type === 'float64') {
    const { values, nulls, integral } = column;
    if (integral) return (row) => (nulls?.[row] === 1 ? null : Long.fromNumber(values[row] ?? 0));
    return (row) => {
      const value = nulls?.[row] === 1 ? Number.NaN : (values[row] ?? 0);
      return Number.isInteger(value) ? new Double(value) : value;
    };
  }
  if (column.type === 'int64') {
    const { values, nulls } = column;
    return (row) => (nulls?.[row] === 1 ? null : Long.fromBigInt(values[row] ?? 0n));
  }
  if (column.type === 'object') {
    for (const value of column.values) requireInt64(value, field);
  }
  return (row) => valueAt(column, row) ?? null;
}
