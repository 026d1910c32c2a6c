/** Values as BSON has them natively, for the fields of a document that Celery does not write as JSON text. */
import { Binary, Long } from '../mongo/bson.ts';
import { stringifyJson } from '../protocol/json.ts';
import { PythonValue } from '../protocol/python-value.ts';

/** MongoDB's own limit for a document, less the levels around such a value. */
const MAX_NESTING = 96;
const INT32_LIMIT = 2 ** 31;
const INT64_LIMIT = 2n ** 63n;

/**
 * Integers stay integers, also those beyond 32 bits, which the driver would write as doubles: a Python client
 * would read `1.0` where `1` was sent. What BSON has no type for, or no document is deep enough for, becomes its text.
 */
export function toNative(value: unknown, depth = 0): unknown {
  if (typeof value === 'number') return nativeNumber(value);
  if (typeof value === 'bigint') return nativeInteger(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof PythonValue) return value.text;
  if (value instanceof Uint8Array) return new Binary(value);
  if (depth === MAX_NESTING) return stringifyJson(value);
  if (Array.isArray(value)) return value.map((item) => toNative(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [nativeName(name), toNative(member, depth + 1)]),
  );
}

/** A zero byte would end the name. */
function nativeName(name: string): string {
  return name.replaceAll('\0', '\u2400');
}

function nativeNumber(value: number): unknown {
  const isLong = Number.isSafeInteger(value) && (value < -INT32_LIMIT || value >= INT32_LIMIT);
  return isLong ? Long.fromNumber(value) : value;
}

function nativeInteger(value: bigint): unknown {
  return value >= -INT64_LIMIT && value < INT64_LIMIT ? Long.fromBigInt(value) : String(value);
}
