/** Reads a columnar dataset: whole, or frame by frame. */
import { InvalidData } from '../../errors.ts';
import type { DataFrame } from '../../frame/data-frame.ts';
import { type BlocksRead, collectionToRead, type KindContext, type Read } from '../kind.ts';
import type { Metadata } from '../metadata.ts';
import { selectColumns } from '../names.ts';
import { type BlockReference, blocksOf } from './block.ts';
import { type BlockSource, readBlocks, selectBlocks } from './block-reader.ts';
import { FrameTarget, type Wanted } from './frame-target.ts';
import { isIndexField, readLayout, type StoredColumn } from './layout.ts';

/** @throws InvalidData when a column is selected or filtered that is not there; CorruptObject */
export async function readFrame(metadata: Metadata, read: Read, context: KindContext): Promise<DataFrame> {
  const { source, blocks, fields, wanted } = await planReading(metadata, read, context);
  const frame = new FrameTarget(wanted, rowCountOf(blocks));
  for await (const block of readBlocks(source, blocks, fields)) frame.add(block);
  return frame.build();
}

/**
 * As {@link readFrame}, in frames of at most `rows` rows. All of them lie in the same memory, one after the other: each is
 * valid until the next is asked for.
 */
export async function* readFrames(
  metadata: Metadata,
  read: BlocksRead,
  context: KindContext,
): AsyncGenerator<DataFrame> {
  const { source, blocks, fields, wanted } = await planReading(metadata, read, context);
  const largest = blocks.reduce((most, { rows }) => Math.max(most, rows), 0);
  const frame = new FrameTarget(wanted, Math.max(largest, Math.min(read.rows, rowCountOf(blocks))));
  for await (const block of readBlocks(source, blocks, fields)) {
    if (frame.rowCount > 0 && frame.rowCount + block.rows > read.rows) {
      yield* slicesOf(frame.build(), read.rows);
      frame.reset();
    }
    frame.add(block);
  }
  yield* slicesOf(frame.build(), read.rows);
}

/** The wanted columns' share of all blocks, whose values take about as much in memory. */
export function sizeOfColumns(metadata: Metadata, read: Read): number {
  const { columns, parts } = readLayout(metadata);
  const wanted = wantedColumns(columns, read).columns.length;
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return (bytes * wanted) / Math.max(1, columns.length);
}

interface Plan {
  readonly source: BlockSource;
  readonly blocks: readonly BlockReference[];
  /** To be read; null for all. */
  readonly fields: readonly string[] | null;
  readonly wanted: Wanted;
}

async function planReading(metadata: Metadata, read: Read, context: KindContext): Promise<Plan> {
  const { columns, parts } = readLayout(metadata);
  const source = {
    mongo: context.mongo,
    collection: collectionToRead(metadata, context),
    name: metadata.name,
    signal: read.signal,
  };
  const wanted = wantedColumns(columns, read);
  const fields = [...wanted.columns, ...wanted.filtered].map(({ field }) => field);
  return {
    source,
    blocks: await selectBlocks(source, parts.flatMap(blocksOf), wanted.filters),
    fields: fields.length < columns.length ? fields : null,
    wanted,
  };
}

function wantedColumns(all: readonly StoredColumn[], read: Read): Wanted {
  const levels = all.filter(({ field }) => isIndexField(field));
  const columns = all.filter(({ field }) => !isIndexField(field));
  const byName = new Map(columns.map((column) => [column.name ?? '', column]));
  const selected =
    read.columns === null ? [...byName.keys()] : selectColumns(read.columns, [...byName.keys()]);
  const wanted = [...levels, ...selected.flatMap((name) => byName.get(name) ?? [])];
  const filters = read.filters.map(({ column, tests }) => {
    return { column: requireColumn(byName, column).field, tests };
  });
  const filtered = columns.filter((column) => {
    return !wanted.includes(column) && filters.some((filter) => filter.column === column.field);
  });
  return { columns: wanted, filters, filtered };
}

function requireColumn(columns: ReadonlyMap<string, StoredColumn>, name: string): StoredColumn {
  const column = columns.get(name);
  if (column) return column;
  throw new InvalidData(
    `no column '${name}' to filter by: the columns are ${[...columns.keys()].join(', ')}`,
  );
}

function rowCountOf(blocks: readonly BlockReference[]): number {
  return blocks.reduce((sum, { rows }) => sum + rows, 0);
}

function* slicesOf(frame: DataFrame, rows: number): Generator<DataFrame> {
  for (let start = 0; start < frame.rowCount; start += rows) yield frame.slice(start, start + rows);
}
