/** Puts blocks together to a frame. */
import type { Column } from '../../frame/column.ts';
import { DataFrame } from '../../frame/data-frame.ts';
import { type ColumnFilter, rowMatcher } from '../row-filter.ts';
import type { ReadBlock } from './block-reader.ts';
import { isIndexField, type StoredColumn } from './layout.ts';
import { ColumnTarget, type RowRun } from './target.ts';

/** What a reader wants. */
export interface Wanted {
  /** Levels of the index first. */
  readonly columns: readonly StoredColumn[];
  /** By field. */
  readonly filters: readonly ColumnFilter[];
  /** Columns that only the filters need. */
  readonly filtered: readonly StoredColumn[];
}

export class FrameTarget {
  readonly capacity: number;
  readonly #wanted: Wanted;
  readonly #targets: ReadonlyMap<string, ColumnTarget>;
  #rowCount = 0;

  /** @param capacity in rows, before they are filtered. */
  constructor(wanted: Wanted, capacity: number) {
    this.capacity = capacity;
    this.#wanted = wanted;
    this.#targets = new Map(
      [...wanted.columns, ...wanted.filtered].map(({ name, field, type }) => {
        return [field, new ColumnTarget(name ?? field, type, capacity)] as const;
      }),
    );
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Adds the rows of a block that meet the filters. @throws CorruptObject */
  add({ rows, chunks }: ReadBlock): void {
    for (const [field, target] of this.#targets) target.place(chunks.get(field), this.#rowCount, rows);
    this.#rowCount += this.#wanted.filters.length === 0 ? rows : this.#keepMatching(rows);
  }

  /** Begins anew, in the same memory: what was built before must not be used any more. */
  reset(): void {
    this.#rowCount = 0;
    for (const target of this.#targets.values()) target.reset();
  }

  build(): DataFrame {
    const built = this.#wanted.columns.map(({ name, field }) => {
      return { name, field, column: this.#build(field, this.#rowCount) };
    });
    const levels = built.filter(({ field }) => isIndexField(field));
    const columns = built.filter(({ field }) => !isIndexField(field));
    return new DataFrame(
      new Map(columns.map(({ name, column }) => [name ?? '', column])),
      levels.map(({ name, column }) => ({ name, column })),
      this.#rowCount,
    );
  }

  /** Of the rows that were just placed. Returns how many are kept. */
  #keepMatching(rows: number): number {
    const first = this.#rowCount;
    const matchers = this.#wanted.filters.map((filter) => {
      return rowMatcher(filter, this.#build(filter.column, first + rows));
    });
    const kept = matchingRuns(first, first + rows, (row) => matchers.every((matches) => matches(row)));
    for (const target of this.#targets.values()) target.keep(first, kept);
    return kept.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  #build(field: string, rowCount: number): Column {
    const target = this.#targets.get(field);
    if (target) return target.build(rowCount);
    throw new RangeError(`no column is read from the field '${field}'`);
  }
}

/** Of rows `first` to `last` (exclusive). */
function matchingRuns(first: number, last: number, matches: (row: number) => boolean): RowRun[] {
  const runs: RowRun[] = [];
  for (let row = first; row < last; row += 1) {
    if (!matches(row)) continue;
    const start = row;
    while (row < last && matches(row)) row += 1;
    runs.push({ start, end: row });
  }
  return runs;
}
