/** From the columns of `y` to class codes or numbers, and back. */
import { InvalidData } from '../errors.ts';
import { allocateFloat64, allocateInt32, allocateUint8 } from '../frame/allocation.ts';
import type { Column } from '../frame/column.ts';
import { valueAt } from '../frame/column-rows.ts';
import { DataFrame } from '../frame/data-frame.ts';
import { toFloat64Array } from '../frame/numeric.ts';
import { countNonFinite } from './arrays.ts';
import type { Label, Target } from './state.ts';

/** The labels of a training set, encoded. */
export interface EncodedLabels {
  readonly target: Target & { readonly classes: readonly Label[] };
  /** Row i is of class `classes[codes[i]]`. */
  readonly codes: Int32Array;
}

/** The numbers to be predicted. */
export interface NumericTarget {
  readonly target: Target;
  /** One array per column of `y`. */
  readonly values: readonly Float64Array[];
}

/**
 * Encodes labels: strings, booleans or whole numbers, also negative ones.
 *
 * @param known the classes, where they are known before. Default: the labels that occur, ascending.
 * @throws InvalidData when `y` is not one column of labels with as many rows as X, or labels are missing, or
 *   not known.
 */
export function encodeLabels(
  X: DataFrame,
  y: DataFrame,
  known: readonly Label[] | null = null,
): EncodedLabels {
  const { name, labels } = readLabels(X, y);
  const classes = known ?? [...new Set(labels)].sort(ascending);
  const codeOf = new Map(classes.map((label, code) => [label, code]));
  const codes = allocateInt32(y.rowCount);
  labels.forEach((label, row) => {
    codes[row] = codeOf.get(label) ?? unknownLabel(name, label, classes);
  });
  return { target: { names: [name], classes }, codes };
}

function unknownLabel(name: string, label: Label, classes: readonly Label[]): never {
  throw new InvalidData(
    `column '${name}' of y has the label ${label}, and the model knows ${classes.join(', ')}: name all labels in the option classes before the first fit`,
  );
}

/**
 * The one column of `y`, a label for each row of X.
 *
 * @throws InvalidData when it is not that, or labels are missing.
 */
export function readLabels(X: DataFrame, y: DataFrame): { name: string; labels: Label[] } {
  const [name, column] = oneColumn(y);
  requireRows(X, y);
  const labels = Array.from({ length: y.rowCount }, (_, row) => labelAt(name, column, row));
  const known = labels.filter((label) => label !== null);
  if (known.length === labels.length) return { name, labels: known };
  throw missingTarget(name, labels.length - known.length, labels.length);
}

/**
 * The columns of `y` as numbers.
 *
 * @throws InvalidData when `y` has other rows than X, or a value is missing, infinite or no number.
 */
export function numericTarget(X: DataFrame, y: DataFrame, columnCount: 'one' | 'any'): NumericTarget {
  const columns = columnCount === 'one' ? [oneColumn(y)] : [...y.columns];
  if (columns.length === 0) throw new InvalidData('y has no columns: give the column to be predicted');
  requireRows(X, y);
  return {
    target: { names: columns.map(([name]) => name), classes: null },
    values: columns.map(([name, column]) => finiteNumbers(name, column)),
  };
}

/**
 * The class of highest probability in each row, the first of several.
 *
 * @throws InvalidData as {@link numberFrame}: no class has the highest of what is no number.
 */
export function labelFrame(target: Target, X: DataFrame, probabilities: readonly Float64Array[]): DataFrame {
  for (const values of probabilities) requireFinite(target.names[0] ?? '0', values);
  const codes = allocateInt32(X.rowCount);
  for (let row = 0; row < codes.length; row += 1) codes[row] = highestClass(probabilities, row);
  return frameOf(X, [[target.names[0] ?? '0', labelColumn(target.classes ?? [], codes)]]);
}

/** One column per class, named by its label. @throws InvalidData as {@link numberFrame}. */
export function probabilityFrame(
  target: Target,
  X: DataFrame,
  probabilities: readonly Float64Array[],
): DataFrame {
  for (const values of probabilities) requireFinite(target.names[0] ?? '0', values);
  const columns = probabilities.map((values, code) => {
    return [String(target.classes?.[code] ?? code), { type: 'float64', values }] as const;
  });
  return frameOf(X, columns);
}

/**
 * One column per target.
 *
 * @throws InvalidData when a prediction is no finite number: X is too far from the rows of the fit.
 */
export function numberFrame(target: Target, X: DataFrame, values: readonly Float64Array[]): DataFrame {
  for (const [i, numbers] of values.entries()) requireFinite(target.names[i] ?? String(i), numbers);
  const columns = values.map((numbers, i) => {
    return [target.names[i] ?? String(i), { type: 'float64', values: numbers }] as const;
  });
  return frameOf(X, columns);
}

function requireFinite(name: string, predictions: Float64Array): void {
  let count = 0;
  for (const value of predictions) if (!Number.isFinite(value)) count += 1;
  if (count === 0) return;
  throw new InvalidData(
    `the model has no finite value of '${name}' for ${count} of ${predictions.length} rows: leave out rows that are far from those of the fit, or use another model`,
  );
}

/** A prediction has the row labels of X. */
function frameOf(X: DataFrame, columns: readonly (readonly [string, Column])[]): DataFrame {
  return new DataFrame(new Map(columns), X.index, X.rowCount);
}

/** The class of highest probability in a row, the first of several. */
export function highestClass(probabilities: readonly Float64Array[], row: number): number {
  let best = 0;
  probabilities.forEach((values, code) => {
    if ((values[row] as number) > (probabilities[best]?.[row] as number)) best = code;
  });
  return best;
}

/** A column of the type that the labels had. */
function labelColumn(classes: readonly Label[], codes: Int32Array): Column {
  if (classes.every((label) => typeof label === 'string')) {
    return { type: 'string', values: codes, dictionary: classes };
  }
  if (classes.every((label) => typeof label === 'boolean')) {
    const values = allocateUint8(codes.length);
    codes.forEach((code, row) => {
      values[row] = Number(classes[code]);
    });
    return { type: 'bool', values };
  }
  const isInt32 = classes.every((label) => Number(label) === (Number(label) | 0));
  const values = isInt32 ? allocateInt32(codes.length) : allocateFloat64(codes.length);
  codes.forEach((code, row) => {
    values[row] = Number(classes[code]);
  });
  return values instanceof Int32Array ? { type: 'int32', values } : { type: 'float64', values };
}

function oneColumn(y: DataFrame): [string, Column] {
  const [first] = y.columns;
  if (first && y.columns.size === 1) return first;
  throw new InvalidData(
    `y has ${y.columns.size} columns (${y.columnNames.join(', ')}): give the one to be predicted, for example as name[column]`,
  );
}

function requireRows(X: DataFrame, y: DataFrame): void {
  if (X.rowCount === y.rowCount) return;
  throw new InvalidData(`X has ${X.rowCount} rows and y has ${y.rowCount}: give one label for each row of X`);
}

function labelAt(name: string, column: Column, row: number): Label | null {
  const value = column.type === 'object' ? column : valueAt(column, row);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  if (typeof value === 'number' || typeof value === 'bigint') {
    const label = Number(value);
    if (Number.isSafeInteger(label)) return label;
    throw new InvalidData(
      `column '${name}' has the label ${value}, which is no whole number below 2^53: use a regression to predict numbers, or give labels as strings`,
    );
  }
  throw new InvalidData(
    `column '${name}' holds ${column.type} values, which are no labels: give strings, booleans or whole numbers`,
  );
}

function ascending(a: Label, b: Label): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function finiteNumbers(name: string, column: Column): Float64Array {
  const values = toFloat64Array(column, name);
  const { missing, infinite } = countNonFinite(values);
  if (missing > 0) throw missingTarget(name, missing, values.length);
  if (infinite === 0) return values;
  throw new InvalidData(
    `column '${name}' of y has ${infinite} infinite values in ${values.length} rows: drop those rows`,
  );
}

function missingTarget(name: string, count: number, rowCount: number): InvalidData {
  return new InvalidData(
    `column '${name}' of y has no label in ${count} of ${rowCount} rows: drop those rows before the fit`,
  );
}
