/** A table of typed columns: what datasets are read into and models compute on. */
import { InvalidData } from '../errors.ts';
import type { Column } from './column.ts';

/** One level of a row index (pandas): its name, null when it has none, and a label for each row. */
export interface IndexLevel {
  readonly name: string | null;
  readonly column: Column;
}

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

  get columnNames(): string[] {
    return [...this.columns.keys()];
  }

  /** @throws InvalidData when there is no such column. */
  column(name: string): Column {
    const column = this.columns.get(name);
    if (column) return column;
    throw new InvalidData(`no column '${name}': the columns are ${this.columnNames.join(', ')}`);
  }

  /** The named columns, in the order asked for. Shares their memory. */
  select(names: readonly string[]): DataFrame {
    return new DataFrame(new Map(names.map((name) => [name, this.column(name)])), this.index, this.rowCount);
  }
}
