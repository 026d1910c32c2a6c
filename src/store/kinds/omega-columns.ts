/** DataFrames in blocks of rows, each block a document with a chunk for each column. Python does not read them. */
import { InvalidData } from '../../errors.ts';
import { DataFrame } from '../../frame/data-frame.ts';
import { isListOfObjects } from '../../frame/tabular.ts';
import { planPart, writePart } from '../columns/block-writer.ts';
import { columnsMeta, columnsOf, fieldsOf, mergeColumns, readLayout } from '../columns/layout.ts';
import { readFrame, readFrames } from '../columns/reader.ts';
import { writeDocuments } from '../document-write.ts';
import type { Kind, KindContext, Write } from '../kind.ts';
import type { StoredData } from '../metadata-store.ts';

/** A put is seen whole or not at all, also one that appends: its blocks count once the metadata name them. */
export const omegaColumns: Kind<DataFrame> = {
  name: 'omega.columns',
  appends: true,
  supports: (value) => value instanceof DataFrame || isListOfObjects(value),
  put: (value, write, context) =>
    putColumns(isListOfObjects(value) ? DataFrame.fromRows(value) : value, write, context),
  get: readFrame,
  blocks: readFrames,
};

/** @throws InvalidData when the value is no DataFrame, or one without rows, or does not fit what is there. */
async function putColumns(value: unknown, write: Write, context: KindContext): Promise<StoredData> {
  if (!(value instanceof DataFrame) || value.rowCount === 0) {
    throw new InvalidData(
      `there are no rows to store as '${write.name}': give a DataFrame with at least one`,
    );
  }
  const { target } = write;
  const columns = columnsOf(value);
  const merged = target ? mergeColumns(write.name, readLayout(target).columns, columns) : columns;
  const source = { fields: fieldsOf(value), columns, rowCount: value.rowCount };
  const part = planPart(source, write.writeId);
  const collection = await writeDocuments(write, context, (into) => writePart(into, source, part));
  const meta = columnsMeta(merged);
  return target
    ? { collection, kindMeta: { ...meta }, added: { parts: part } }
    : { collection, kindMeta: { ...meta, parts: [part] } };
}
