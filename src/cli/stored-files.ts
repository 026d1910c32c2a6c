/** Stored objects as files of this machine. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { InvalidData, InvalidOptions } from '../errors.ts';
import { valueAt } from '../frame/column-rows.ts';
import { readCsv } from '../frame/csv.ts';
import { DataFrame } from '../frame/data-frame.ts';
import { parseJson, stringifyJson } from '../protocol/json.ts';
import { formatCsv } from './csv.ts';
import type { GlobalOptions } from './global-options.ts';

/**
 * A value to store as a dataset: a table from CSV, a value from JSON, the bytes of any other file.
 *
 * @throws InvalidData when there is no such file, or it is not what its name says.
 */
export async function readDataset(path: string): Promise<unknown> {
  if (/\.csv(\.gz)?$/i.test(path)) return new DataFrame(await readCsv(path));
  const bytes = await readBytes(path);
  if (!/\.json$/i.test(path)) return bytes;
  return parseAs(bytes, (text) => new InvalidData(`${path} is no JSON (${text}): correct the file`));
}

/**
 * A value to store as a model: the path of a file, or an estimator that is not fitted.
 *
 * @param options of the estimator, as JSON.
 * @throws InvalidData when it is neither; InvalidOptions when the options are wrong.
 */
export async function readModel(source: string, options = '{}'): Promise<unknown> {
  // Not at the top: `omega worker` must not load models and their libraries.
  const { estimators } = await import('../ml/estimators.ts');
  const estimator = estimators.get(source);
  if (estimator) {
    const given = parseAs(
      Buffer.from(options),
      (text) => new InvalidOptions(`--options is no JSON (${text}): write it as '{"nEstimators": 50}'`),
    );
    return estimator.toInstance(estimator.parseOptions(given), null);
  }
  if (existsSync(source)) return source;
  throw new InvalidData(
    `'${source}' is neither a file nor an estimator: the estimators are ${[...estimators.keys()].join(', ')}`,
  );
}

/** @throws InvalidData when there is no such file. */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new InvalidData(`cannot read ${path} (${(error as Error).message}): give the path of a file`, {
      cause: error,
    });
  }
}

/** Writes a stored object to a file, or prints it: tables as CSV, bytes as they are, the rest as JSON. */
export async function writeObject(
  value: unknown,
  file: string | undefined,
  { json }: GlobalOptions,
): Promise<void> {
  const content = encode(value, json === true);
  if (file === undefined) process.stdout.write(content);
  else await writeFile(file, content);
}

function encode(value: unknown, asJson: boolean): string | Uint8Array {
  if (value instanceof DataFrame) return asJson ? `${stringifyJson(toRecords(value))}\n` : formatCsv(value);
  if (value instanceof Uint8Array) return value;
  return `${stringifyJson(value)}\n`;
}

function toRecords(frame: DataFrame): Record<string, unknown>[] {
  const columns = [...frame.columns];
  return Array.from({ length: frame.rowCount }, (_, row) =>
    Object.fromEntries(columns.map(([name, column]) => [name, valueAt(column, row)])),
  );
}

function parseAs(bytes: Buffer, failure: (reason: string) => Error): unknown {
  try {
    return parseJson(bytes.toString('utf8'));
  } catch (error) {
    throw failure((error as Error).message);
  }
}
