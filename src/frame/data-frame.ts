/** A table of typed columns: what datasets are read into and models compute on. */
import { InvalidData } from '../errors.ts';
import { readArrow } from './arrow-read.ts';
import { writeArrow } from './arrow-write.ts';
import type { Column, NumberArray } from './column.ts';
import { requireUniqueNames } from './column-names.ts';
import { columnFromValues, sliceColumn, takeColumn, valueAt } from './column-rows.ts';
import { readCsv } from './csv.ts';
import { columnsFromRows } from './tabular.ts';

/** One level of a row index (pandas): its name, null when it has none, and a label for each row. */
export interface IndexLevel {
  readonly name: string | null;
  readonly column: Column;
}

/** What pandas names a level of the row labels without a name. */
const INDEX_LEVEL = /^__index_level_\d+__$/;

export class DataFrame {
  readonly rowCount: number;
  /** In order; names are unique. */
  readonly columns: ReadonlyMap<string, Column>;
  /** Row labels as pandas stores them; empty for the default 0..n-1. */
  readonly index: readonly IndexLevel[];

  /** @throws InvalidData when columns differ in length. */
  constructor(columns: ReadonlyMap<string, Column>, index: readonly IndexLevel[] = [], rowCount?: number) {
    this.columns = columns;
    this.index = index;
    this.rowCount = rowCount ?? columns.values().next().value?.values.length ?? 0;
    for (const [name, column] of columns) {
      if (column.values.length === this.rowCount) continue;
      throw new InvalidData(
        `column '${name}' has ${column.values.length} rows where ${this.rowCount} are expected: give every column the same length`,
      );
    }
  }

  /**
   * From rows: objects by column name, or lists (columns `0`, `1`, …). Types are found from the values.
   *
   * @throws InvalidData when the rows are not all of the same form.
   */
  static fromRows(rows: readonly unknown[]): DataFrame {
    return new DataFrame(columnsFromRows(rows), [], rows.length);
  }

  /**
   * From the values of each column; null and undefined are missing values. A Float64Array, Float32Array or Int32Array
   * becomes a column of its type.
   *
   * @throws InvalidData when columns differ in length.
   */
  static fromObject(columns: Readonly<Record<string, readonly unknown[] | NumberArray>>): DataFrame {
    return new DataFrame(
      new Map(Object.entries(columns).map(([name, values]) => [name, columnFromValues(values)])),
    );
  }

  /**
   * From a CSV file with a header line, compressed if the path ends in `.gz`.
   *
   * @throws InvalidData when it cannot be read.
   */
  static async fromCsv(path: string): Promise<DataFrame> {
    return new DataFrame(await readCsv(path));
  }

  /**
   * From a table in Arrow's format for files (Feather) or streams, not compressed. Needs the package apache-arrow,
   * which does not end on some damaged bytes: read only those of writers that you trust. Doubles,
   * floats and integers of 32 bits are not copied where the bytes lie in a SharedArrayBuffer. Columns that pandas names
   * `__index_level_0__`, … are the row labels.
   *
   * @throws InvalidData when the bytes are no such table, or a column is nested, decimal, binary, a time or a duration;
   *   MissingDependency.
   */
  static async fromArrow(bytes: Uint8Array): Promise<DataFrame> {
    const { columns, rowCount } = await readArrow(bytes);
    const levels = [...columns].filter(([name]) => INDEX_LEVEL.test(name));
    const others = [...columns].filter(([name]) => !INDEX_LEVEL.test(name));
    const index = levels.map(([, column]) => ({ name: null, column }));
    return new DataFrame(new Map(others), index, rowCount);
  }

  /**
   * The table in Arrow's format for files (Feather). Needs the package apache-arrow. Row labels are the first columns, under
   * the names of their levels, or `__index_level_0__`, ….
   *
   * @throws InvalidData when a column holds values of several types, or nested ones, or a level has the name of a column;
   *   MissingDependency.
   */
  async toArrow(): Promise<Uint8Array> {
    const levels = this.index.map(({ name, column }, level) => {
      return [name ?? `__index_level_${level}__`, column] as const;
    });
    const columns = [...levels, ...this.columns];
    requireUniqueNames(columns.map(([name]) => name));
    return writeArrow(new Map(columns), this.rowCount);
  }

  get columnNames(): string[] {
    return [...this.columns.keys()];
  }

  /** @throws InvalidData when there is no such column. */
  column(name: string): Column {
    const column = this.columns.get(name);
    if (column) return column;
    throw new InvalidData(`no column '${name}': the columns are ${this.columnNames.join(', ')}`);
  }

  /**
   * The named columns, in the order asked for. Shares their memory.
   *
   * @throws InvalidData when there is no such column, or one is named twice.
   */
  select(names: readonly string[]): DataFrame {
    requireUniqueNames(names);
    return new DataFrame(new Map(names.map((name) => [name, this.column(name)])), this.index, this.rowCount);
  }

  /** Rows `start` to `end` (exclusive; default: to the last). Shares the memory of typed columns. */
  slice(start: number, end = this.rowCount): DataFrame {
    const first = Math.min(start, this.rowCount);
    const last = Math.max(first, Math.min(end, this.rowCount));
    return this.#mapColumns(last - first, (column) => sliceColumn(column, first, last));
  }

  /**
   * The rows at these indices, in the order given.
   *
   * @throws InvalidData when there is no such row.
   */
  take(indices: ArrayLike<number>): DataFrame {
    for (let i = 0; i < indices.length; i += 1) {
      const row = indices[i] ?? -1;
      if (Number.isInteger(row) && row >= 0 && row < this.rowCount) continue;
      throw new InvalidData(`no row ${row}: rows are 0 to ${this.rowCount - 1}`);
    }
    return this.#mapColumns(indices.length, (column) => takeColumn(column, indices));
  }

  /** One object per row, null for missing values. For small frames, tests and printing. */
  toRows(): Record<string, unknown>[] {
    const columns = [...this.columns];
    return Array.from({ length: this.rowCount }, (_, row) =>
      Object.fromEntries(columns.map(([name, column]) => [name, valueAt(column, row)])),
    );
  }

  #mapColumns(rowCount: number, change: (column: Column) => Column): DataFrame {
    const columns = new Map([...this.columns].map(([name, column]) => [name, change(column)]));
    const index = this.index.map(({ name, column }) => ({ name, column: change(column) }));
    return new DataFrame(columns, index, rowCount);
  }
}
