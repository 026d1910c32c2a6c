/** Writes the rows of a frame as blocks. */
import { Binary, type Collection, type Document } from '../../mongo/bson.ts';
import { insertMissing } from '../../mongo/insert.ts';
import { documentIds, idAt } from '../write-ids.ts';
import { type BlockReference, blocksOf } from './block.ts';
import { cutIntoBlocks } from './block-size.ts';
import { type Chunk, encodeChunk } from './chunk.ts';
import type { PackedBytes } from './compression.ts';
import type { FieldColumns, Part, StoredColumn } from './layout.ts';
import { describeRows } from './statistics.ts';

const INSERT_BYTES = 16 * 2 ** 20;
/** Reading a smaller block takes no longer than reading its statistics. */
const MIN_ROWS_FOR_STATISTICS = 256;

/** What is written: a frame's columns by field, with what the metadata say of them. */
export interface BlockSource {
  readonly fields: FieldColumns;
  readonly columns: readonly StoredColumn[];
  readonly rowCount: number;
}

/** What the metadata will say of the blocks. @throws InvalidData when a row is too large. */
export function planPart({ fields, rowCount }: BlockSource, writeId: string): Part {
  const ranges = cutIntoBlocks(fields, rowCount);
  const rows = ranges.map(({ start, end }) => end - start);
  const bytes = ranges.reduce((sum, range) => sum + range.bytes, 0);
  return { id: documentIds(writeId)(0), rows, bytes };
}

/**
 * Every block's `_id` follows from the write and its position: writing the same part again, whole or after some of its
 * blocks, adds nothing. The last block is written last: where it is, all are.
 */
export async function writePart(
  collection: Collection<Document>,
  source: BlockSource,
  part: Part,
): Promise<void> {
  const blocks = blocksOf(part);
  const last = idAt(part.id, blocks.length - 1);
  if (await collection.findOne({ _id: last }, { projection: { _id: 1 } })) return;
  let inserting = Promise.resolve();
  for (const group of groupBlocks(blocks)) {
    const documents = group.flatMap((block) => encodeBlock(source, block));
    await inserting;
    // The next blocks are encoded while the server works on these.
    inserting = insertMissing(collection, documents);
  }
  await inserting;
}

/** Blocks that are inserted together, since the server flushes its journal after each insert; the last one alone. */
function groupBlocks(blocks: readonly BlockReference[]): BlockReference[][] {
  const groups: BlockReference[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const block of blocks) {
    bytes += block.bytes;
    if (bytes > INSERT_BYTES || block === blocks.at(-1)) {
      groups.push([]);
      bytes = block.bytes;
    }
    groups.at(-1)?.push(block);
  }
  return groups;
}

/** The block and its statistics. */
function encodeBlock(source: BlockSource, block: BlockReference): Document[] {
  const { start } = block;
  const end = start + block.rows;
  const chunks = new Map<string, Document>();
  const statistics = new Map<string, Document>();
  for (const { field, type } of source.columns) {
    const column = source.fields.get(field);
    const chunk = column && encodeChunk(column, type, start, end);
    if (chunk) chunks.set(field, toDocument(chunk));
    const described = column && describeRows(column, start, end);
    if (described) statistics.set(field, described);
  }
  const documents: Document[] = [{ _id: block.id, columns: chunks }];
  return block.rows < MIN_ROWS_FOR_STATISTICS
    ? documents
    : [...documents, { _id: block.statisticsId, statistics }];
}

function toDocument({ type, values, nulls, texts, lengths }: Chunk): Document {
  return {
    type,
    values: toBinary(values),
    ...(nulls && { nulls: toBinary(nulls) }),
    ...(texts && { texts: toBinary(texts) }),
    ...(lengths && { lengths: toBinary(lengths) }),
  };
}

function toBinary(packed: PackedBytes): Document {
  return packed instanceof Uint8Array ? new Binary(packed) : { deflated: new Binary(packed.deflated) };
}
