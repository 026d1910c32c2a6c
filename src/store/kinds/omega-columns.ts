/** DataFrames in blocks of rows, each block a document with a chunk for each column. Python does not read them. */
import { InvalidData } from '../../errors.ts';
import { DataFrame } from '../../frame/data-frame.ts';
import { FrameSequence } from '../../frame/frame-sequence.ts';
import { isListOfObjects } from '../../frame/tabular.ts';
import { planPart, writePart } from '../columns/block-writer.ts';
import {
  columnsMeta,
  columnsOf,
  fieldsOf,
  mergeColumns,
  type Part,
  readLayout,
  type StoredColumn,
} from '../columns/layout.ts';
import { readFrame, readFrames, sizeOfColumns } from '../columns/reader.ts';
import { writeDocuments } from '../document-write.ts';
import type { Kind, KindContext, Write } from '../kind.ts';
import type { StoredData } from '../metadata-store.ts';

/** A put is seen whole or not at all, also one that appends: its blocks count once the metadata name them. */
export const omegaColumns: Kind<DataFrame> = {
  name: 'omega.columns',
  appends: true,
  supports: (value) => value instanceof DataFrame || value instanceof FrameSequence || isListOfObjects(value),
  put(value, write, context) {
    if (value instanceof FrameSequence) return putFrames(value, write, context);
    return putColumns(isListOfObjects(value) ? DataFrame.fromRows(value) : value, write, context);
  },
  get: readFrame,
  blocks: readFrames,
  sizeOf: sizeOfColumns,
};

/** @throws InvalidData when the value is no DataFrame, or one without rows, or does not fit what is there. */
async function putColumns(value: unknown, write: Write, context: KindContext): Promise<StoredData> {
  if (!(value instanceof DataFrame) || value.rowCount === 0) {
    throw noRows(write);
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

/**
 * Each frame is a part of its own.
 *
 * @throws InvalidData when there are no rows, or frames do not fit each other, or there is something to append to.
 */
async function putFrames(sequence: FrameSequence, write: Write, context: KindContext): Promise<StoredData> {
  if (write.target) {
    throw new InvalidData(
      `'${write.name}' is there, and rows in frames cannot be appended to it: replace it with { append: false }`,
    );
  }
  const parts: Part[] = [];
  let columns: readonly StoredColumn[] | undefined;
  const collection = await writeDocuments(write, context, async (into) => {
    for await (const frame of sequence.open()) {
      if (frame.rowCount === 0) continue;
      const own = columnsOf(frame);
      columns = columns ? mergeColumns(write.name, columns, own) : own;
      const source = { fields: fieldsOf(frame), columns: own, rowCount: frame.rowCount };
      const part = planPart(source, `${write.writeId} ${parts.length}`);
      await writePart(into, source, part);
      parts.push(part);
    }
    if (parts.length === 0) throw noRows(write);
  });
  return { collection, kindMeta: { ...columnsMeta(columns ?? []), parts } };
}

function noRows({ name }: Write): InvalidData {
  return new InvalidData(`there are no rows to store as '${name}': give a DataFrame with at least one`);
}
