/** From the columns of a frame to the inputs of an ONNX model. */
import { InvalidData, OperationNotSupported } from '../errors.ts';
import type { Column, NumberArray } from '../frame/column.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import { toNumbers } from '../frame/numeric.ts';
import { finiteNumbers } from './features.ts';
import type { OnnxColumn, OnnxFeed, OnnxValue } from './onnx-session.ts';

/** More is infinite once it is rounded to a float. */
const MAX_FLOAT32 = (2 - 2 ** -24) * 2 ** 127;
/** The whole numbers that an input of this type takes, first and last; beyond 2^53 a double is not exact. */
const WHOLE_NUMBERS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['bool', [0, 1]],
  ['int32', [-(2 ** 31), 2 ** 31 - 1]],
  ['int64', [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
]);
const TYPES = ['float32', 'float64', 'string', ...WHOLE_NUMBERS.keys()];

/**
 * One matrix for all columns, by position; or, as skl2onnx makes from a frame, one input for each column,
 * by name.
 *
 * @throws InvalidData when columns are missing, too many or of another type.
 * @throws OperationNotSupported when the inputs are no table of numbers or strings.
 */
export function onnxFeeds(inputs: readonly OnnxValue[], X: DataFrame): OnnxFeed[] {
  const [input] = inputs;
  if (inputs.length === 1 && input) return [{ ...typed(input), columns: matrixColumns(input, X) }];
  requireColumns(
    inputs.map(({ name }) => name),
    X,
  );
  return inputs.map((each) => {
    if ((each.shape[1] ?? 1) !== 1) throw notATable(each);
    return { ...typed(each), columns: [columnOf(each.name, X.column(each.name), typed(each).type)] };
  });
}

function typed(input: OnnxValue): { name: string; type: string } {
  const { name, type, shape } = input;
  if (type !== null && shape.length <= 2 && TYPES.includes(type)) return { name, type };
  throw notATable(input);
}

function matrixColumns(input: OnnxValue, X: DataFrame): OnnxColumn[] {
  const expected = input.shape[1] ?? X.columns.size;
  if (X.columns.size !== expected) {
    throw new InvalidData(
      `X has ${X.columns.size} columns (${X.columnNames.join(', ')}) where the ONNX model expects ${expected}: give as many, in the order of the fit`,
    );
  }
  return [...X.columns].map(([name, column]) => columnOf(name, column, typed(input).type));
}

function requireColumns(names: readonly string[], X: DataFrame): void {
  const absent = names.filter((name) => !X.columns.has(name));
  const unknown = X.columnNames.filter((name) => !names.includes(name));
  if (absent.length === 0 && unknown.length === 0) return;
  throw new InvalidData(
    `the ONNX model expects the columns ${names.join(', ')} and X has ${X.columnNames.join(', ')}: give those it expects, under these names`,
  );
}

function columnOf(name: string, column: Column, type: string): OnnxColumn {
  if (type === 'string') return stringColumn(name, column);
  return { numbers: numberColumn(name, column, type) };
}

function stringColumn(name: string, column: Column): OnnxColumn {
  if (column.type !== 'string') {
    throw new InvalidData(
      `column '${name}' holds ${column.type} values where the ONNX model expects strings: give strings`,
    );
  }
  const missing = column.values.reduce((count, code) => count + Number(code < 0), 0);
  if (missing === 0) return { codes: column.values, dictionary: column.dictionary };
  throw missingValues(name, missing, column.values.length, 'string');
}

/** Missing numbers stay, as NaN, where the type has it. */
function numberColumn(name: string, column: Column, type: string): NumberArray {
  const numbers = finiteNumbers(name, toNumbers(column, name), { estimator: 'an ONNX model', allowed: true });
  if (type === 'float32') requireFloats(name, numbers);
  const range = WHOLE_NUMBERS.get(type);
  if (!range) return numbers;
  const [first, last] = range;
  const missing = [...valuesWhere(numbers, Number.isNaN)].length;
  if (missing > 0) throw missingValues(name, missing, numbers.length, type);
  const [bad] = valuesWhere(numbers, (value) => !Number.isInteger(value) || value < first || value > last);
  if (bad === undefined) return numbers;
  throw new InvalidData(
    `column '${name}' holds ${bad} where the ONNX model expects ${type}: give whole numbers from ${first} to ${last}, or convert the model for doubles`,
  );
}

function requireFloats(name: string, numbers: NumberArray): void {
  const [bad] = valuesWhere(numbers, (value) => Math.abs(value) >= MAX_FLOAT32);
  if (bad === undefined) return;
  throw new InvalidData(
    `column '${name}' holds ${bad} where the ONNX model expects float32: scale it down, or convert the model for doubles`,
  );
}

function* valuesWhere(numbers: Iterable<number>, test: (value: number) => boolean): Generator<number> {
  for (const value of numbers) if (test(value)) yield value;
}

function missingValues(name: string, missing: number, rowCount: number, type: string): InvalidData {
  return new InvalidData(
    `column '${name}' has ${missing} missing values in ${rowCount} rows, and a ${type} input of the ONNX model takes none: drop those rows, or fill them in`,
  );
}

function notATable({ name, type, shape }: OnnxValue): OperationNotSupported {
  const size = shape.map((dimension) => dimension ?? '?').join(' × ');
  return new OperationNotSupported(
    `input '${name}' of the ONNX model is ${type ?? 'no tensor'} of shape ${size}: only models of one matrix, or of one input for each column, are served`,
  );
}
