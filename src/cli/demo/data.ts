/** The demo's data: read, cleaned, split, stored. */
import { fileURLToPath } from 'node:url';
import { takeColumn, valueAt } from '../../frame/column-rows.ts';
import { readCsv } from '../../frame/csv.ts';
import { DataFrame } from '../../frame/data-frame.ts';
import type { Datasets } from '../../store/datasets.ts';
import { isHeldOut } from './held-out.ts';

/** A dataset in two parts. */
export interface Split {
  readonly train: DataFrame;
  readonly test: DataFrame;
}

/** The seed of the demo's split; the ONNX file was made from the same rows. */
const SEED = 1;

/** Path of a file that is shipped with the demo. */
export function dataFile(name: string): string {
  return fileURLToPath(import.meta.resolve(`#data/${name}`));
}

/** Palmer penguins without the rows that miss a value: 333 rows. */
export async function readPenguins(): Promise<DataFrame> {
  const frame = new DataFrame(await readCsv(dataFile('penguins.csv')));
  return filterRows(frame, (row) =>
    [...frame.columns.values()].every((column) => valueAt(column, row) !== null),
  );
}

/** Diamonds without those that have no size: 53,920 rows. */
export async function readDiamonds(): Promise<DataFrame> {
  const frame = new DataFrame(await readCsv(dataFile('diamonds.csv.gz')));
  const sizes = ['x', 'y', 'z'].map((name) => frame.column(name));
  return filterRows(frame, (row) => sizes.every((column) => Number(valueAt(column, row)) > 0));
}

/** About a fifth of the rows is held out, which ones depends on the seed alone. */
export function splitRows(frame: DataFrame, seed = SEED): Split {
  return {
    train: filterRows(frame, (row) => !isHeldOut(row, seed)),
    test: filterRows(frame, (row) => isHeldOut(row, seed)),
  };
}

/** Stores both parts, in place of what an earlier demo left: `<name>_train` and `<name>_test`. */
export async function putSplit(datasets: Datasets, name: string, { train, test }: Split): Promise<void> {
  await datasets.put(train, `${name}_train`, { append: false });
  await datasets.put(test, `${name}_test`, { append: false });
}

function filterRows(frame: DataFrame, isWanted: (row: number) => boolean): DataFrame {
  const rows = Array.from({ length: frame.rowCount }, (_, row) => row).filter(isWanted);
  return new DataFrame(new Map([...frame.columns].map(([name, column]) => [name, takeColumn(column, rows)])));
}
