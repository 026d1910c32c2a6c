/** Reads blocks, only the columns that are wanted, in the order of their rows. */
import { CorruptObject } from '../../errors.ts';
import type { Mongo } from '../../mongo/client.ts';
import { decodeBatch, readRawBatches } from '../../mongo/raw.ts';
import { type ColumnFilter, mayMatch } from '../row-filter.ts';
import type { BlockDocument, BlockReference, StatisticsDocument } from './block.ts';
import type { Chunk } from './chunk.ts';

/** The blocks of one dataset. */
export interface BlockSource {
  readonly mongo: Mongo;
  readonly collection: string;
  /** The dataset's, for messages. */
  readonly name: string;
  readonly signal: AbortSignal | undefined;
}

/** One block as it was read. */
export interface ReadBlock {
  readonly rows: number;
  /** By field. A field without a chunk has no value in these rows. */
  readonly chunks: ReadonlyMap<string, Chunk>;
}

/** Most bytes of blocks that came before their turn. */
const HELD_BYTES = 16 * 2 ** 20;
/** What a reply has, roughly: two of them are held at a time. */
const REPLY_BYTES = 8 * 2 ** 20;

/**
 * The chunks are views of what came from MongoDB: use them before the next block.
 *
 * @param fields null for all.
 * @throws CorruptObject when a block is not there.
 */
export async function* readBlocks(
  source: BlockSource,
  blocks: readonly BlockReference[],
  fields: readonly string[] | null,
): AsyncGenerator<ReadBlock> {
  for (const group of groupBlocks(blocks)) yield* readGroup(source, group, fields);
}

/** The blocks in which rows may meet the filters, by field, as far as the statistics tell. */
export async function selectBlocks(
  { mongo, collection }: BlockSource,
  blocks: readonly BlockReference[],
  filters: readonly ColumnFilter[],
): Promise<BlockReference[]> {
  if (filters.length === 0) return [...blocks];
  const documents = mongo.db.collection<StatisticsDocument>(collection);
  const projection = inclusion(
    'statistics',
    filters.map(({ column }) => column),
  );
  const kept: BlockReference[] = [];
  for (const group of groupBlocks(blocks)) {
    const ids = group.map(({ statisticsId }) => statisticsId);
    const found = await documents.find({ _id: { $in: ids } }, { projection, useBigInt64: true }).toArray();
    const known = new Map(found.map(({ _id, statistics }) => [_id.toHexString(), statistics ?? {}]));
    kept.push(
      ...group.filter(({ statisticsId }) => mayMatchAll(filters, known.get(statisticsId.toHexString()))),
    );
  }
  return kept;
}

function mayMatchAll(
  filters: readonly ColumnFilter[],
  statistics: StatisticsDocument['statistics'] = {},
): boolean {
  const known = new Map(Object.entries(statistics));
  return filters.every((filter) => {
    const range = known.get(filter.column);
    return range === undefined || mayMatch(filter, range);
  });
}

/**
 * Consecutive blocks that are asked for together. The server sends them in the order of their ids, which is that of the
 * rows within a part; what comes before its turn is held, so a group of several parts is small.
 */
function groupBlocks(blocks: readonly BlockReference[]): BlockReference[][] {
  const groups: BlockReference[][] = [];
  let [bytes, isAscending] = [0, true];
  for (const block of blocks) {
    const group = groups.at(-1);
    const follows = isAscending && group !== undefined && isBefore(group.at(-1), block);
    if (group && (follows || bytes + block.bytes <= HELD_BYTES)) {
      group.push(block);
      bytes += block.bytes;
      isAscending = follows;
    } else {
      groups.push([block]);
      [bytes, isAscending] = [block.bytes, true];
    }
  }
  return groups;
}

function isBefore(one: BlockReference | undefined, other: BlockReference): boolean {
  return one !== undefined && one.id.toHexString() < other.id.toHexString();
}

async function* readGroup(
  { mongo, collection, name, signal }: BlockSource,
  group: readonly BlockReference[],
  fields: readonly string[] | null,
): AsyncGenerator<ReadBlock> {
  const early = new Map<string, BlockDocument>();
  let next = 0;
  const batches = readRawBatches(mongo, {
    collection,
    filter: { _id: { $in: group.map(({ id }) => id) } },
    sort: { _id: 1 },
    projection: fields ? inclusion('columns', fields) : undefined,
    batchSize: batchSizeOf(group),
    signal,
  });
  for await (const batch of batches) {
    for (const document of decodeBatch(batch) as BlockDocument[])
      early.set(document._id.toHexString(), document);
    for (let block = group[next]; block; block = group[next]) {
      const document = early.get(block.id.toHexString());
      if (!document) break;
      early.delete(block.id.toHexString());
      next += 1;
      yield { rows: block.rows, chunks: new Map(Object.entries(document.columns ?? {})) };
    }
  }
  if (next === group.length) return;
  throw new CorruptObject(`blocks of '${name}' are not there any more: put the dataset again`);
}

function batchSizeOf(group: readonly BlockReference[]): number {
  const largest = Math.max(...group.map(({ bytes }) => bytes));
  return Math.max(1, Math.floor(REPLY_BYTES / largest));
}

/** Without a field there is only the `_id`. */
function inclusion(path: string, fields: readonly string[]): Record<string, 1> {
  return { _id: 1, ...Object.fromEntries(fields.map((field) => [`${path}.${field}`, 1 as const])) };
}
