/** Writes the rows of a DataFrame as documents. */
import { InvalidData } from '../errors.ts';
import type { Column } from '../frame/column.ts';
import type { Collection, Document, ObjectId } from '../mongo/bson.ts';
import type { Mongo } from '../mongo/client.ts';
import { DocumentWriter, encodeKey } from '../mongo/document-writer.ts';
import { insertMissingRaw, orInvalidData } from '../mongo/insert.ts';
import { requireInt64 } from './integers.ts';
import { ROW_ID, type RowLayout } from './row-layout.ts';
import { documentIds, setPosition } from './write-ids.ts';

/** What is inserted at a time: few round trips, and a message (at most 48 MB) holds it with one more large row. */
const BATCH_ROWS = 50_000;
const BATCH_BYTES = 8 * 2 ** 20;
/** What is taken for a batch: more than it has, lest it be copied, and less for a few rows. */
const SPARE_BYTES = 2 ** 16;
const ROW_BYTES = 512;
const MAX_DOCUMENT_BYTES = 16 * 2 ** 20;

/**
 * Appends rows. Every row's `_id` follows from `writeId` and its position, so that writing the same rows
 * again, whole or after a part, adds nothing.
 *
 * @throws InvalidData
 */
export async function writeRows(
  mongo: Mongo,
  collection: Collection<Document>,
  { layout, rowCount, writeId }: { layout: RowLayout; rowCount: number; writeId: string },
): Promise<void> {
  const firstId = documentIds(writeId)(0);
  const encodeRow = rowEncoder(layout, firstId, await nextRowId(collection, firstId));
  let inserting = Promise.resolve();
  try {
    for (let row = 0; row < rowCount; ) {
      const batch = new DocumentWriter(Math.min(BATCH_BYTES + SPARE_BYTES, rowCount * ROW_BYTES));
      const end = Math.min(rowCount, row + BATCH_ROWS);
      for (; row < end && batch.length < BATCH_BYTES; row += 1) encodeRow(batch, row);
      await inserting;
      // The next rows are encoded while the server works on these.
      inserting = insertMissingRaw(mongo, collection, batch.bytes);
    }
  } finally {
    // Also after a row that is refused: whoever removes what was written must not be overtaken by the insert before it.
    await inserting.catch(() => undefined);
  }
  await inserting;
}

/** The row id to begin with: where an earlier attempt began, else after the last row. */
async function nextRowId(collection: Collection<Document>, firstId: ObjectId): Promise<number> {
  const begun = await collection.findOne({ _id: firstId }, { projection: { [ROW_ID]: 1 } });
  if (begun) return Number(begun[ROW_ID]);
  const last = await collection.findOne({}, { projection: { [ROW_ID]: 1 }, sort: { [ROW_ID]: -1 } });
  return last ? Number(last[ROW_ID] ?? -1) + 1 : 0;
}

type EncodeField = (writer: DocumentWriter, row: number) => void;

/** @throws InvalidData for integers beyond 64 bits; the function, for a row that is no document. */
function rowEncoder({ fields }: RowLayout, firstId: ObjectId, firstRowId: number): EncodeField {
  const encoders = fields.map(({ field, column }) => fieldEncoder(field, column));
  const [idKey, rowIdKey] = [encodeKey('_id'), encodeKey(ROW_ID)];
  const id = Buffer.from(firstId.id);
  return (writer, row) => {
    writer.begin();
    setPosition(id, row);
    writer.objectId(idKey, id);
    for (const encode of encoders) encode(writer, row);
    encodeRowId(writer, rowIdKey, firstRowId + row);
    const length = writer.end();
    if (length > MAX_DOCUMENT_BYTES) throw tooLarge(row, length);
  };
}

/** As the driver encodes a number. */
function encodeRowId(writer: DocumentWriter, key: Uint8Array, id: number): void {
  if (id === (id | 0)) writer.int32(key, id);
  else writer.double(key, id);
}

/**
 * How to write a column's values. Missing doubles are NaN, as pandas stores them; other missing values are null.
 *
 * @throws InvalidData for integers beyond 64 bits.
 */
function fieldEncoder(field: string, column: Column): EncodeField {
  if (column.type === 'object') return objectEncoder(field, column.values);
  const key = encodeKey(field);
  const encode = valueEncoder(key, column);
  const { nulls } = column;
  if (!nulls) return encode;
  const isDouble = column.type === 'float32' || (column.type === 'float64' && !column.integral);
  return (writer, row) => {
    if (nulls[row] !== 1) encode(writer, row);
    else if (isDouble) writer.double(key, Number.NaN);
    else writer.null(key);
  };
}

function valueEncoder(key: Uint8Array, column: Exclude<Column, { type: 'object' }>): EncodeField {
  switch (column.type) {
    case 'float64': {
      const { values } = column;
      if (column.integral) return (writer, row) => writer.int64(key, values[row] ?? 0);
      return (writer, row) => writer.double(key, values[row] ?? 0);
    }
    case 'float32':
      return (writer, row) => writer.double(key, column.values[row] ?? 0);
    case 'int32':
      return (writer, row) => writer.int32(key, column.values[row] ?? 0);
    case 'int64':
      return (writer, row) => writer.int64(key, column.values[row] ?? 0n);
    case 'bool':
      return (writer, row) => writer.boolean(key, column.values[row] === 1);
    case 'datetime':
      return (writer, row) => writer.date(key, column.values[row] ?? 0);
    case 'string':
      return (writer, row) => {
        const text = column.dictionary[column.values[row] ?? -1];
        if (text === undefined) writer.null(key);
        else writer.string(key, text);
      };
  }
}

function objectEncoder(field: string, values: readonly unknown[]): EncodeField {
  for (const value of values) requireInt64(value, field);
  return (writer, row) => {
    try {
      writer.value(field, values[row] ?? null);
    } catch (error) {
      throw orInvalidData(error);
    }
  };
}

function tooLarge(row: number, bytes: number): InvalidData {
  return new InvalidData(
    `MongoDB cannot hold row ${row}, which takes ${bytes} bytes where a document has at most 16 MB: shorten its values`,
  );
}
