/**
 * From a frame to the numbers that estimators compute on.
 *
 * - Numbers, booleans (0, 1) and dates (milliseconds) are taken as they are.
 * - A string column is one-hot encoded, one 0/1 column per value in ascending order; a missing string is a
 *   value of its own. Values not seen in the fit become all zeros (scikit-learn's
 *   `OneHotEncoder(handle_unknown='ignore')`).
 * - Dates are refused where the fit had other numbers, and the reverse.
 * - Infinite values are refused. Missing numbers are refused or kept as NaN, as the estimator says.
 */
import { InvalidData } from '../errors.ts';
import { allocateFloat64, toShared } from '../frame/allocation.ts';
import type { Column, NumberArray } from '../frame/column.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import { toFloat64Array } from '../frame/numeric.ts';
import { countNonFinite } from './arrays.ts';
import type { Feature, ModelMeta } from './state.ts';

/** More values than this in one string column are taken for free text. */
const MAX_CATEGORIES = 1000;

/** The encoded features: one array of doubles per column, on shared memory. */
export interface DesignMatrix {
  readonly rowCount: number;
  readonly columns: readonly Float64Array[];
}

export interface MissingValues {
  /** For messages: the estimator's name. */
  readonly estimator: string;
  /** Whether missing numbers stay in the matrix, as NaN. */
  readonly allowed: boolean;
}

type StringColumn = Extract<Column, { type: 'string' }>;

/**
 * Notes the columns of a training set and the values of its string columns.
 *
 * @throws InvalidData when there are no columns, or a column cannot be a feature.
 */
export function learnFeatures(X: DataFrame): Feature[] {
  if (X.columns.size === 0) {
    throw new InvalidData('X has no columns: give at least one feature column');
  }
  return [...X.columns].map(([name, column]) => {
    if (column.type === 'object') {
      throw new InvalidData(
        `column '${name}' holds values of different types or nested ones: give every row a number, or every row a string`,
      );
    }
    if (column.type !== 'string') return { name, type: column.type };
    return { name, type: column.type, categories: categoriesOf(name, column) };
  });
}

/**
 * The same columns, with the strings of these rows besides those that are known.
 *
 * @throws InvalidData when columns are missing or unknown, or strings are too many.
 */
export function extendFeatures(features: readonly Feature[], X: DataFrame): Feature[] {
  const columns = [...matchColumns(X, features, true).columns.values()];
  return features.map((feature, i) => {
    const { name, categories } = feature;
    const column = columns[i];
    if (!categories || !column) return feature;
    const found = new Set([...categories, ...stringsOf(name, column)]);
    return { ...feature, categories: inOrder(name, [...found]) };
  });
}

/** How many columns the encoded features have. */
export function encodedWidth(features: readonly Feature[]): number {
  return features.reduce((width, { categories }) => width + (categories?.length ?? 1), 0);
}

/**
 * Encodes a frame as the fit's was.
 *
 * @throws InvalidData when there are no rows, columns are missing, unknown or of another type, or values are
 *   infinite or missing.
 */
export function designMatrix(
  X: DataFrame,
  { features, named }: Pick<ModelMeta, 'features' | 'named'>,
  missing: MissingValues,
): DesignMatrix {
  requireRows(X);
  const frame = matchColumns(X, features, named);
  const columns = [...frame.columns.values()].flatMap((column, i) => {
    const feature = features[i];
    if (!feature) return [];
    if (feature.categories) return oneHot(feature.name, feature.categories, column);
    requireDatesAlike(feature, column);
    return [finiteNumbers(feature.name, toFloat64Array(column, feature.name), missing)];
  });
  return { rowCount: X.rowCount, columns };
}

/**
 * What is learned in parts has a weight for each string of the first part, and none for others.
 *
 * @throws InvalidData when a column has a string that is no category.
 */
export function requireKnownStrings(
  X: DataFrame,
  { features, named }: Pick<ModelMeta, 'features' | 'named'>,
): void {
  const columns = [...matchColumns(X, features, named).columns.values()];
  features.forEach(({ name, categories }, i) => {
    const column = columns[i];
    if (!categories || column?.type !== 'string') return;
    const unknown = categoriesOf(name, column).find((value) => !categories.includes(value));
    if (unknown === undefined) return;
    throw new InvalidData(
      `column '${name}' has the string ${JSON.stringify(unknown)}, which no row of the first part has: give every string in the first part`,
    );
  });
}

/** @throws InvalidData when there are no rows. */
export function requireRows(X: DataFrame): void {
  if (X.rowCount > 0) return;
  throw new InvalidData('X has no rows: give at least one, or look whether its filter leaves any');
}

/** The fit's columns in the fit's order: by name, or by position where the fit knew no names. */
function matchColumns(X: DataFrame, features: readonly Feature[], named: boolean): DataFrame {
  const names = features.map(({ name }) => name);
  if (!named) {
    if (X.columns.size === names.length) return X;
    throw new InvalidData(
      `X has ${X.columns.size} columns (${X.columnNames.join(', ')}) where the model was fitted on ${names.length}: give as many, in the same order`,
    );
  }
  const absent = names.filter((name) => !X.columns.has(name));
  const unknown = X.columnNames.filter((name) => !names.includes(name));
  if (absent.length === 0 && unknown.length === 0) return X.select(names);
  const found = [
    ...(absent.length > 0 ? [`lacks ${absent.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`has ${unknown.join(', ')}, unknown to the model`] : []),
  ];
  throw new InvalidData(
    `X ${found.join(' and ')}: give the columns of the fit (${names.join(', ')}), for example as name[${names.join(',')}]`,
  );
}

function categoriesOf(name: string, column: StringColumn): (string | null)[] {
  const used = new Uint8Array(column.dictionary.length);
  let hasMissing = false;
  for (const code of column.values) {
    if (code >= 0) used[code] = 1;
    else hasMissing = true;
  }
  const values = column.dictionary.filter((_, code) => used[code] === 1);
  return inOrder(name, hasMissing ? [...values, null] : values);
}

/** Of other columns only that strings are missing, where all values are. */
function stringsOf(name: string, column: Column): (string | null)[] {
  if (column.type === 'string') return categoriesOf(name, column);
  return isAllMissing(column) ? [null] : [];
}

/** Ascending, a missing string last. @throws InvalidData when there are too many. */
function inOrder(name: string, categories: readonly (string | null)[]): (string | null)[] {
  const strings = categories.filter((category) => category !== null).sort();
  if (strings.length <= MAX_CATEGORIES) {
    return strings.length < categories.length ? [...strings, null] : strings;
  }
  throw new InvalidData(
    `column '${name}' has ${strings.length} different strings, at most ${MAX_CATEGORIES} are one-hot encoded: leave it out, or group its values`,
  );
}

function oneHot(name: string, categories: readonly (string | null)[], column: Column): Float64Array[] {
  const positions = new Map(categories.map((category, i) => [category, i]));
  const encoded = categories.map(() => allocateFloat64(column.values.length));
  const missing = positions.get(null);
  const strings = column.type === 'string' ? column : allMissing(name, column);
  const positionOfCode = strings?.dictionary.map((value) => positions.get(value)) ?? [];
  for (let row = 0; row < column.values.length; row += 1) {
    const code = strings?.values[row] ?? -1;
    const target = encoded[(code < 0 ? missing : positionOfCode[code]) ?? -1];
    if (target) target[row] = 1;
  }
  return encoded;
}

/** A column in which every value is missing has no type of its own: it counts as strings. */
function allMissing(name: string, column: Exclude<Column, StringColumn>): undefined {
  if (isAllMissing(column)) return undefined;
  throw new InvalidData(
    `column '${name}' holds ${column.type} values where the model was fitted on strings: give it the same type`,
  );
}

function isAllMissing(column: Column): boolean {
  if (column.type === 'object') return column.values.every((value) => value === null || value === undefined);
  return column.nulls?.every((isNull) => isNull === 1) ?? false;
}

/** As numbers, dates are milliseconds, which no other number need be. A column in which every value is missing has no type. */
function requireDatesAlike({ name, type }: Feature, column: Column): void {
  if ((column.type === 'datetime') === (type === 'datetime') || isAllMissing(column)) return;
  throw new InvalidData(
    `column '${name}' holds ${column.type} values where the model was fitted on ${type}: give it the same type`,
  );
}

/**
 * The numbers of a column, where all threads see them.
 *
 * @throws InvalidData when one is infinite, or missing and not allowed to be.
 */
export function finiteNumbers<Numbers extends NumberArray>(
  name: string,
  values: Numbers,
  missing: MissingValues,
): Numbers {
  const counts = countNonFinite(values);
  if (counts.infinite > 0) {
    throw new InvalidData(
      `column '${name}' has ${counts.infinite} infinite values in ${values.length} rows: replace them by finite numbers, or drop those rows`,
    );
  }
  if (counts.missing > 0 && !missing.allowed) {
    throw new InvalidData(
      `column '${name}' has ${counts.missing} missing values in ${values.length} rows, and ${missing.estimator} takes none: drop those rows, or fill them in`,
    );
  }
  return toShared(values);
}
