/** Reads CSV files. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { InvalidData } from '../errors.ts';
import type { Column } from './column.ts';
import { ColumnBuilder } from './column-builder.ts';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INTEGER = /^[+-]?\d+$/;
/** What pandas' `read_csv` takes for a missing value (its default `na_values`). */
const MISSING: ReadonlySet<string> = new Set([
  ...['', 'NA', 'N/A', 'n/a', '<NA>', '#N/A', '#N/A N/A', '#NA', 'NULL', 'null', 'None'],
  ...['NaN', '-NaN', 'nan', '-nan', '1.#IND', '-1.#IND', '1.#QNAN', '-1.#QNAN'],
]);
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
]);

/**
 * The columns of a CSV file with a header line (RFC 4180, UTF-8), compressed if the path ends in `.gz`. An
 * empty cell and what else pandas takes for one (`NA`, `NaN`, `null`, `None`, …) are missing values. A column
 * of numbers or of true and false gets that type, every other one is text, as are integers beyond 64 bits.
 *
 * @throws InvalidData when there is no such file, it has no header, or a line has too many or too few cells.
 */
export async function readCsv(path: string): Promise<Map<string, Column>> {
  const records = await readRecords(path);
  const header = records.shift();
  if (!header) throw new InvalidData(`${path} is empty: the first line must name the columns`);
  const duplicate = header.find((name, i) => header.indexOf(name) !== i);
  if (duplicate !== undefined) {
    throw new InvalidData(`${path} has two columns '${duplicate}': give each column a name of its own`);
  }
  return new Map(header.map((name, position) => [name, parseColumn(records, position)]));
}

async function readRecords(path: string): Promise<string[][]> {
  const records: string[][] = [];
  const parser = parse({ bom: true, skipEmptyLines: true });
  const collect = async (source: AsyncIterable<string[]>): Promise<void> => {
    for await (const record of source) records.push(record);
  };
  try {
    if (path.endsWith('.gz')) await pipeline(createReadStream(path), createGunzip(), parser, collect);
    else await pipeline(createReadStream(path), parser, collect);
  } catch (error) {
    throw describeFailure(path, error);
  }
  return records;
}

function describeFailure(path: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isFileProblem = 'code' in error && !(error instanceof CsvError);
  const remedy = isFileProblem ? 'give the path of a readable CSV file' : 'correct the file';
  return new InvalidData(`${path} cannot be read as CSV (${error.message}): ${remedy}`, { cause: error });
}

function parseColumn(records: readonly string[][], position: number): Column {
  const builder = new ColumnBuilder(records.length);
  const parseCell = cellParser(records, position);
  records.forEach((record, row) => {
    const cell = record[position] ?? '';
    builder.value(row, MISSING.has(cell) ? null : parseCell(cell));
  });
  return builder.build(records.length);
}

/** How to read the cells of a column: the narrowest type that all of them have. */
function cellParser(records: readonly string[][], position: number): (cell: string) => unknown {
  const every = (test: (cell: string) => boolean): boolean =>
    records.every((record) => MISSING.has(record[position] ?? '') || test(record[position] ?? ''));
  if (every((cell) => BOOLEANS.has(cell))) return (cell) => BOOLEANS.get(cell);
  if (every((cell) => INTEGER.test(cell))) return every(isInt64) ? parseInteger : String;
  return every((cell) => NUMBER.test(cell)) ? Number : String;
}

function isInt64(cell: string): boolean {
  const value = parseInteger(cell);
  return typeof value === 'number' || BigInt.asIntN(64, value) === value;
}

function parseInteger(cell: string): number | bigint {
  const value = Number(cell);
  return Number.isSafeInteger(value) ? value : BigInt(cell.replace('+', ''));
}
