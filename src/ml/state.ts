/** What a fitted model has learned, and its binary form. */
import { CorruptObject } from '../errors.ts';
import type { ColumnType } from '../frame/column.ts';

/** Arrays of a state lie on SharedArrayBuffer: threads read them without a copy. */
export type StateArray = Float64Array | Int32Array | Uint8Array;

/** One column of the training set. */
export interface Feature {
  readonly name: string;
  readonly type: ColumnType;
  /** The one-hot encoded values of a string column, in order; null stands for a missing value. */
  readonly categories?: readonly (string | null)[];
}

/** A class label as users see it. */
export type Label = string | number | boolean;

/** What was predicted: the columns of `y`, and the labels of a classifier in ascending order. */
export interface Target {
  readonly names: readonly string[];
  readonly classes: readonly Label[] | null;
}

/** The JSON part of a state. */
export interface ModelMeta {
  /** Name of the estimator, the key in `estimators`. */
  readonly estimator: string;
  /** As `parseOptions` returned them. */
  readonly options: unknown;
  readonly features: readonly Feature[];
  /** False for a model imported from a library's instance: columns go by position, not by name. */
  readonly named: boolean;
  readonly target: Target;
}

export interface ModelState {
  readonly meta: ModelMeta;
  readonly arrays: Readonly<Record<string, StateArray>>;
}

/** Layout: magic (8 bytes), header length (uint32 LE), header (JSON), then each array at a multiple of 8. */
const MAGIC = Buffer.from('omegaml1', 'latin1');
const PREFIX_BYTES = MAGIC.length + 4;

type ArrayKind = 'float64' | 'int32' | 'uint8';

interface ArrayHeader {
  readonly name: string;
  readonly kind: ArrayKind;
  readonly length: number;
}

interface Header {
  readonly meta: ModelMeta;
  readonly arrays: readonly ArrayHeader[];
}

const BYTES: Record<ArrayKind, number> = { float64: 8, int32: 4, uint8: 1 };

/** Writes a state as bytes, little-endian. */
export function encodeState(state: ModelState): Uint8Array {
  const entries = Object.entries(state.arrays);
  const arrays = entries.map(([name, array]) => ({ name, kind: kindOf(array), length: array.length }));
  const header = Buffer.from(JSON.stringify({ meta: state.meta, arrays } satisfies Header));
  const { offsets, total } = layout(header.length, arrays);
  const bytes = new Uint8Array(total);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint32(MAGIC.length, header.length, true);
  bytes.set(header, PREFIX_BYTES);
  entries.forEach(([, array], i) => {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offsets[i]);
  });
  return bytes;
}

/**
 * Reads what {@link encodeState} wrote, into shared memory.
 *
 * @throws CorruptObject
 */
export function decodeState(bytes: Uint8Array): ModelState {
  const { header, headerLength } = decodeHeader(bytes);
  const { offsets, total } = layout(headerLength, header.arrays);
  if (total !== bytes.length) {
    throw new CorruptObject(
      `a model state of ${total} bytes has ${bytes.length} bytes: it was cut off or damaged; fit the model again`,
    );
  }
  const shared = new SharedArrayBuffer(total);
  new Uint8Array(shared).set(bytes);
  const arrays = header.arrays.map(({ name, kind, length }, i) => {
    return [name, viewOf(kind, shared, offsets[i] ?? 0, length)] as const;
  });
  return { meta: header.meta, arrays: Object.fromEntries(arrays) };
}

/** @throws CorruptObject when the state has no such array of this type. */
export function float64Array(state: ModelState, name: string): Float64Array {
  const array = state.arrays[name];
  if (array instanceof Float64Array) return array;
  throw missingArray(state, name);
}

/** @throws CorruptObject when the state has no such array of this type. */
export function int32Array(state: ModelState, name: string): Int32Array {
  const array = state.arrays[name];
  if (array instanceof Int32Array) return array;
  throw missingArray(state, name);
}

function missingArray(state: ModelState, name: string): CorruptObject {
  return new CorruptObject(`the stored ${state.meta.estimator} has no array '${name}': fit the model again`);
}

function decodeHeader(bytes: Uint8Array): { header: Header; headerLength: number } {
  if (bytes.length < PREFIX_BYTES || !MAGIC.equals(bytes.subarray(0, MAGIC.length))) {
    throw new CorruptObject('the bytes are no model state: store a fitted model under this name again');
  }
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  const text = Buffer.from(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerLength)).toString('utf8');
  try {
    const header: unknown = JSON.parse(text);
    if (isHeader(header)) return { header, headerLength };
  } catch (error) {
    throw new CorruptObject('the header of a model state is damaged: fit the model again', { cause: error });
  }
  throw new CorruptObject('the header of a model state is incomplete: fit the model again');
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false;
  if (!('meta' in value && 'arrays' in value) || !Array.isArray(value.arrays)) return false;
  return isMeta(value.meta) && value.arrays.every(isArrayHeader);
}

function isMeta(value: unknown): value is ModelMeta {
  if (typeof value !== 'object' || value === null) return false;
  const { estimator, features, target } = value as Partial<Record<keyof ModelMeta, unknown>>;
  const isTarget = typeof target === 'object' && target !== null;
  return typeof estimator === 'string' && Array.isArray(features) && isTarget;
}

function isArrayHeader(value: unknown): value is ArrayHeader {
  if (typeof value !== 'object' || value === null) return false;
  const { name, kind, length } = value as Partial<Record<keyof ArrayHeader, unknown>>;
  return (
    typeof name === 'string' && String(kind) in BYTES && Number.isSafeInteger(length) && Number(length) >= 0
  );
}

function layout(headerLength: number, arrays: readonly ArrayHeader[]): { offsets: number[]; total: number } {
  let offset = aligned(PREFIX_BYTES + headerLength);
  const offsets = arrays.map(({ kind, length }) => {
    const start = offset;
    offset = aligned(start + length * BYTES[kind]);
    return start;
  });
  return { offsets, total: offset };
}

function aligned(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

function kindOf(array: StateArray): ArrayKind {
  if (array instanceof Float64Array) return 'float64';
  return array instanceof Int32Array ? 'int32' : 'uint8';
}

function viewOf(kind: ArrayKind, buffer: SharedArrayBuffer, offset: number, length: number): StateArray {
  if (kind === 'float64') return new Float64Array(buffer, offset, length);
  return kind === 'int32' ? new Int32Array(buffer, offset, length) : new Uint8Array(buffer, offset, length);
}
