/**
 * Typed columns. Values lie in typed arrays over SharedArrayBuffer, so that threads read them without a
 * copy; what JavaScript cannot share (nested documents) is an object column, which stays on its thread.
 */

/**
 * Marks missing values: byte i is 1 where row i has none. Absent when no value is missing. A missing float64,
 * float32 or datetime is NaN as well.
 */
export type NullMask = Uint8Array;

export type Column =
  | {
      readonly type: 'float64';
      readonly values: Float64Array;
      readonly nulls?: NullMask;
      /** True when the values are integers, some of them beyond 32 bits. */
      readonly integral?: boolean;
    }
  /** Each a double that 32 bits hold exactly. */
  | { readonly type: 'float32'; readonly values: Float32Array; readonly nulls?: NullMask }
  | { readonly type: 'int32'; readonly values: Int32Array; readonly nulls?: NullMask }
  /** 64-bit integers that do not fit a double exactly. */
  | { readonly type: 'int64'; readonly values: BigInt64Array; readonly nulls?: NullMask }
  /** 0 or 1. */
  | { readonly type: 'bool'; readonly values: Uint8Array; readonly nulls?: NullMask }
  /** Milliseconds since 1970-01-01 UTC. */
  | { readonly type: 'datetime'; readonly values: Float64Array; readonly nulls?: NullMask }
  /** Row i is `dictionary[values[i]]`; the code of a missing value is -1. */
  | {
      readonly type: 'string';
      readonly values: Int32Array;
      readonly dictionary: readonly string[];
      readonly nulls?: NullMask;
    }
  | { readonly type: 'object'; readonly values: readonly unknown[] };

/** Numbers that are computed with as they are. */
export type NumberArray = Float64Array | Float32Array | Int32Array;

export type ColumnType = Column['type'];
