/** A block of rows as a document of MongoDB, and where it is. */
import type { ObjectId } from '../../mongo/bson.ts';
import { idAt } from '../write-ids.ts';
import type { Chunk } from './chunk.ts';
import type { Part } from './layout.ts';
import type { ColumnStatistics } from './statistics.ts';

/** Of one block. */
export interface BlockDocument {
  readonly _id: ObjectId;
  /** By field. */
  readonly columns: Readonly<Record<string, Chunk>>;
}

/** Apart from its block, so that it can be read without it. */
export interface StatisticsDocument {
  readonly _id: ObjectId;
  readonly statistics: Readonly<Record<string, ColumnStatistics>>;
}

/** Where a block is, and what is known of it. */
export interface BlockReference {
  readonly id: ObjectId;
  readonly statisticsId: ObjectId;
  /** Its first row in the part. */
  readonly start: number;
  readonly rows: number;
  /** About. */
  readonly bytes: number;
}

/** Positions of the documents with statistics are those of their blocks, and this much higher. */
const STATISTICS_OFFSET = 0x8000_0000;

/** In the order of their rows. */
export function blocksOf({ id, rows, bytes }: Part): BlockReference[] {
  const total = rows.reduce((sum, count) => sum + count, 0);
  let end = 0;
  return rows.map((count, position) => {
    const start = end;
    end += count;
    return {
      id: idAt(id, position),
      statisticsId: idAt(id, STATISTICS_OFFSET + position),
      start,
      rows: count,
      bytes: (bytes * count) / total,
    };
  });
}
