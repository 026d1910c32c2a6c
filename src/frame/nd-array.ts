/** Arrays of any number of dimensions, as numpy has them. */
import { InvalidData } from '../errors.ts';
import { allocateFloat32, allocateFloat64 } from './allocation.ts';
import type { Column } from './column.ts';
import { ColumnBuilder } from './column-builder.ts';
import { DataFrame } from './data-frame.ts';

export type NdValues =
  | Float64Array
  | Float32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** numpy's names of the types. Values of `bool` lie in a Uint8Array. */
export type DType =
  | 'float64'
  | 'float32'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool';

export class NdArray {
  readonly dtype: DType;
  /** Length of each dimension; empty for a single value. */
  readonly shape: readonly number[];
  /** In C order: the last dimension varies fastest. */
  readonly values: NdValues;

  /**
   * @param shape default: one dimension.
   * @throws InvalidData when the shape does not fit the number of values.
   */
  constructor(dtype: DType, values: NdValues, shape: readonly number[] = [values.length]) {
    const size = shape.reduce((product, length) => product * length, 1);
    if (size !== values.length) {
      throw new InvalidData(
        `an array of shape (${shape.join(', ')}) has ${size} values, not ${values.length}: correct the shape`,
      );
    }
    this.dtype = dtype;
    this.values = values;
    this.shape = shape;
  }

  /**
   * The rows as a table: columns `0`, `1`, …; a one-dimensional array is one column.
   *
   * @throws InvalidData for more than two dimensions.
   */
  toDataFrame(): DataFrame {
    const [rows = 1, width = 1, ...others] = this.shape;
    if (others.length > 0) {
      throw new InvalidData(
        `an array of ${this.shape.length} dimensions is no table: give one or two dimensions`,
      );
    }
    const columns = Array.from({ length: width }, (_, position) => {
      return [String(position), this.#toColumn(rows, width, position)] as const;
    });
    return new DataFrame(new Map(columns), [], rows);
  }

  #toColumn(rows: number, width: number, position: number): Column {
    const { values } = this;
    if (values instanceof Float64Array) {
      return { type: 'float64', values: everyNth(values, allocateFloat64(rows), width, position) };
    }
    if (values instanceof Float32Array) {
      return { type: 'float32', values: everyNth(values, allocateFloat32(rows), width, position) };
    }
    const builder = new ColumnBuilder(rows);
    for (let row = 0; row < rows; row += 1) {
      const value = values[row * width + position];
      builder.value(row, this.dtype === 'bool' ? value === 1 : value);
    }
    return builder.build(rows);
  }
}

/** Fills the target with one value of each row. */
function everyNth<Floats extends Float64Array | Float32Array>(
  values: Floats,
  target: Floats,
  width: number,
  position: number,
): Floats {
  for (let row = 0; row < target.length; row += 1) target[row] = values[row * width + position] as number;
  return target;
}
