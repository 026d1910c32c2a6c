/** From what a client sent as X and Y to tables. */
import { InvalidData } from '../errors.ts';
import { DataFrame } from '../frame/data-frame.ts';
import { NdArray } from '../frame/nd-array.ts';
import { toFloat64Array } from '../frame/numeric.ts';
import type { OpenedModel } from '../models/opened-model.ts';
import type { Datasets } from '../store/datasets.ts';
import type { Metadata } from '../store/metadata.ts';
import { frameFromRows, frameFromValues, nameColumns } from './inline-data.ts';

/** A table and where it came from. */
export interface TaskData {
  readonly frame: DataFrame;
  /** The dataset's name as the client wrote it; null for data passed by value. */
  readonly name: string | null;
  readonly metadata: Metadata | null;
}

/** How omega|ml's clients say "the dataset of the last fit", besides null. */
const SAME_AS_FIT = '*';

/** What omega|ml sends instead of data when its JSON serializer has lost them. */
const LOST_DATA = './system/passthrough/';

/**
 * The features.
 *
 * @param X a dataset's name, rows by value, or null or `*` for the dataset that the model was fitted on.
 * @param names of the columns of data that have none, such as arrays: those that the model expects. Null in
 *   a fit, which may bring other columns than the last one.
 * @throws InvalidData, DatasetNotFound, InvalidName
 */
export async function readFeatures(
  datasets: Datasets,
  model: OpenedModel,
  X: unknown,
  names: readonly string[] | null,
): Promise<TaskData> {
  const given = orDefault(X, model, 'Xname');
  if (typeof given === 'string') return readDataset(datasets, given, names);
  if (given !== null) return { frame: frameFromRows(given, names), name: null, metadata: null };
  throw new InvalidData(
    `no features: model '${model.name}' was fitted on no dataset; send the name of one as Xname`,
  );
}

/**
 * The labels.
 *
 * @param Y a dataset's name, values, or null or `*` for the dataset that the model was fitted on.
 * @throws InvalidData when there are none; DatasetNotFound, InvalidName
 */
export async function readLabels(datasets: Datasets, model: OpenedModel, Y: unknown): Promise<TaskData> {
  const given = orDefault(Y, model, 'Yname');
  if (typeof given === 'string') return readDataset(datasets, given, null);
  if (given !== null) return { frame: frameFromValues(given, 'y'), name: null, metadata: null };
  throw new InvalidData(
    `labels missing: send the name of the dataset with the labels of model '${model.name}' as Yname, for example sales[price]`,
  );
}

/**
 * How much each row counts.
 *
 * @param weights the name of a dataset with one column, values, or null for none.
 * @throws InvalidData, DatasetNotFound, InvalidName
 */
export async function readWeights(datasets: Datasets, weights: unknown): Promise<Float64Array | null> {
  if (weights === null || weights === undefined) return null;
  const isName = typeof weights === 'string';
  const frame = isName
    ? (await readDataset(datasets, weights, null)).frame
    : frameFromValues(weights, 'sample_weight');
  const [column, ...others] = frame.columns;
  if (column && others.length === 0) return toFloat64Array(column[1], column[0]);
  throw new InvalidData(
    `the weights of rows have ${frame.columns.size} columns (${frame.columnNames.join(', ')}): give one, for example as name[column]`,
  );
}

/** The name of the dataset that a client means; null when the data came by value, or there are none. */
export function datasetName(value: unknown, model: OpenedModel, field: 'Xname' | 'Yname'): string | null {
  const given = orDefault(value, model, field);
  return typeof given === 'string' && !given.startsWith(LOST_DATA) ? given : null;
}

function orDefault(value: unknown, { dataset }: OpenedModel, field: 'Xname' | 'Yname'): unknown {
  if (value !== null && value !== undefined && value !== SAME_AS_FIT) return value;
  if (typeof dataset !== 'object' || dataset === null) return null;
  return (dataset as Record<string, unknown>)[field] ?? null;
}

async function readDataset(
  datasets: Datasets,
  name: string,
  names: readonly string[] | null,
): Promise<TaskData> {
  if (name.startsWith(LOST_DATA)) {
    throw new InvalidData(
      `the client's JSON message holds '${name}' instead of the data: set OMEGA_PASSTHROUGH_MAX_SIZE=0 at the client, or store the data and send the dataset's name`,
    );
  }
  const [value, metadata] = await Promise.all([datasets.get(name), datasets.metadata(name)]);
  return { frame: toFrame(value, name, names), name, metadata };
}

function toFrame(value: unknown, name: string, names: readonly string[] | null): DataFrame {
  if (value instanceof DataFrame) return value;
  if (value instanceof NdArray) return nameColumns(value.toDataFrame(), names);
  if (!(value instanceof Uint8Array)) return frameFromRows(value, names);
  throw new InvalidData(`dataset '${name}' is a file, not a table: store its rows as a DataFrame`);
}
