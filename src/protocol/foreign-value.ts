/** Values that came by another serializer than JSON, and their way into JSON. */
import type { JsonText } from '../contract/job.ts';
import { EncodeError, ProtocolError } from '../errors.ts';
import { MAX_BODY_BYTES } from './compression.ts';
import { isFields } from './fields.ts';
import { stringifyJson } from './json.ts';
import { MAX_DEPTH } from './json-parser.ts';
import { PickledObject } from './pickle-globals.ts';
import { PythonValue } from './python-value.ts';

/**
 * A value as JSON text in kombu's dialect. What is shared in the value is written out each time: so its size when
 * written out is bounded, not only that of its message.
 *
 * @throws ProtocolError for what has no JSON form, is nested too deep or becomes too large.
 */
export function foreignJson(value: unknown): JsonText {
  spend({ rest: MAX_BODY_BYTES }, value, 0);
  try {
    return stringifyJson(value);
  } catch (error) {
    if (error instanceof EncodeError) throw new ProtocolError(error.message, { cause: error });
    throw error;
  }
}

/** Takes a value's size from the budget: about the bytes it has in JSON. */
function spend(budget: { rest: number }, value: unknown, depth: number): void {
  budget.rest -= sizeOf(value);
  if (typeof value === 'object' && value !== null) spendObject(budget, value, depth + 1);
  if (budget.rest < 0)
    throw new ProtocolError(`the body is larger than ${MAX_BODY_BYTES} bytes when written out`);
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  // More than its decimal digits, but quickly told.
  return typeof value === 'bigint' ? value.toString(16).length * 2 : 2;
}

function spendObject(budget: { rest: number }, value: object, depth: number): void {
  if (depth > MAX_DEPTH) throw new ProtocolError(`the body is nested deeper than ${MAX_DEPTH} levels`);
  if (value instanceof Uint8Array) budget.rest -= value.length;
  else if (Array.isArray(value) || value instanceof Set) for (const item of value) spend(budget, item, depth);
  else if (isFields(value)) spendEntries(budget, Object.entries(value), depth);
  else if (value instanceof Map) spendEntries(budget, value.entries(), depth);
  else if (!isLeaf(value))
    throw new ProtocolError(`the body holds ${describeObject(value)}: only data is read`);
}

function spendEntries(budget: { rest: number }, entries: Iterable<[unknown, unknown]>, depth: number): void {
  for (const [key, item] of entries) {
    spend(budget, key, depth);
    spend(budget, item, depth);
  }
}

function describeObject(value: object): string {
  return value instanceof PickledObject
    ? `an object of the class '${value.path.slice(0, 120)}'`
    : 'a value that JSON has not';
}

function isLeaf(value: object): boolean {
  return value instanceof Date || value instanceof PythonValue;
}
