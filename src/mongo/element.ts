/** BSON elements as they lie in a buffer (bsonspec.org). */
import { BSON } from 'mongodb';

/** Type bytes of BSON elements. */
export const BsonType = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  undefined: 0x06,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  int32: 0x10,
  int64: 0x12,
} as const;

/** Sizes of the types whose values all have the same. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  [BsonType.double]: 8,
  [BsonType.undefined]: 0,
  [BsonType.objectId]: 12,
  [BsonType.boolean]: 1,
  [BsonType.date]: 8,
  [BsonType.null]: 0,
  [BsonType.int32]: 4,
  17: 8, // timestamp
  [BsonType.int64]: 8,
  19: 16, // decimal128
  127: 0, // max key
  255: 0, // min key
};

/** Offset after a value of this type that starts at `start`. */
export function valueEnd(bytes: Buffer, type: number, start: number): number {
  const fixed = FIXED_BYTES[type];
  if (fixed !== undefined) return start + fixed;
  const length = bytes.readInt32LE(start);
  switch (type) {
    case BsonType.document:
    case BsonType.array:
    case 15: // JavaScript code with scope
      return start + length;
    case 5: // binary
      return start + 5 + length;
    case 11: // regular expression
      return bytes.indexOf(0, bytes.indexOf(0, start) + 1) + 1;
    case 12: // DBPointer
      return start + 4 + length + 12;
    default: // string, JavaScript code, symbol
      return start + 4 + length;
  }
}

/** The value as the driver gives it, with integers as {@link narrowIntegers} has them. */
export function decodeValue(bytes: Buffer, type: number, start: number, end: number): unknown {
  const document = Buffer.alloc(4 + 3 + (end - start) + 1);
  document.writeInt32LE(document.length, 0);
  document[4] = type;
  document[5] = 0x76; // the key 'v'
  bytes.copy(document, 7, start, end);
  return narrowIntegers(BSON.deserialize(document, { useBigInt64: true }).v);
}

/**
 * Has 64-bit integers of a value that the driver has read with `useBigInt64` be numbers where that is exact; the rest
 * stays a bigint. Changes lists and objects in place. (By itself the driver gives its own class for the rest, which
 * nobody else knows.)
 */
export function narrowIntegers(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) value[i] = narrowIntegers(value[i]);
  } else if (isDocument(value)) {
    for (const key of Object.keys(value)) value[key] = narrowIntegers(value[key]);
  }
  return value;
}

/** As opposed to what the driver has classes for. */
function isDocument(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** A 64-bit integer: a number where that is exact, else a bigint. */
export function readInt64(view: DataView, offset: number): number | bigint {
  const value = view.getInt32(offset + 4, true) * 0x1_0000_0000 + view.getUint32(offset, true);
  return Number.isSafeInteger(value) ? value : view.getBigInt64(offset, true);
}
