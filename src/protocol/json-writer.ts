/** A JSON writer for values that `JSON.stringify` would change or refuse, in kombu's dialect. */
import { EncodeError } from '../errors.ts';
import { JsonFragment } from './json-fragment.ts';
import { MAX_DEPTH } from './json-parser.ts';
import { bytesMarker, dateMarker, PythonValue, pythonMarker } from './python-value.ts';

/** Where the writer is: changed on the way, since a copy at each step would cost as much as the nesting is deep. */
type Path = (string | number)[];

/** @throws EncodeError naming the path of what has no JSON form: a function, a symbol, a cycle, … */
export function writeJson(value: unknown): string {
  return write(value, []) ?? 'null';
}

/** Undefined for what an object leaves out and an array writes as null: `undefined`, as in JSON.stringify. */
function write(value: unknown, path: Path): string | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined;
    case 'number':
      return writeNumber(value);
    case 'bigint':
      return String(value);
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'object':
      if (value instanceof JsonFragment) return value.text;
      return value === null ? 'null' : writeObject(value, path);
    default:
      return refuse(`a ${typeof value}`, path);
  }
}

function writeAt(step: string | number, value: unknown, path: Path): string | undefined {
  path.push(step);
  const text = write(value, path);
  path.pop();
  return text;
}

/**
 * A number beyond 2^53 is written as a float, which it is: its digits would be read as an exact integer.
 * Python's JSON has tokens for what is not finite.
 */
function writeNumber(value: number): string {
  if (Number.isSafeInteger(value) || !Number.isInteger(value)) return String(value);
  return value.toExponential();
}

function writeObject(value: object, path: Path): string | undefined {
  if (path.length >= MAX_DEPTH) refuse(`a cycle, or nesting deeper than ${MAX_DEPTH} levels,`, path);
  if (Array.isArray(value)) return writeArray(value, path);
  if (value instanceof Date)
    return JSON.stringify(dateMarker(value) ?? refuse('a date that Python has not', path));
  if (value instanceof PythonValue) return JSON.stringify(pythonMarker(value));
  if (value instanceof Uint8Array) return JSON.stringify(bytesMarker(value));
  if (ArrayBuffer.isView(value)) return writeTypedArray(value, path);
  if (value instanceof Set) return writeArray([...value], path);
  if (value instanceof Map) return writeEntries(mapEntries(value, path), path);
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return writeAt('toJSON()', value.toJSON(), path);
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag !== 'Object') refuse(`an object of type ${tag}`, path);
  return writeEntries(Object.entries(value), path);
}

function writeArray(items: readonly unknown[], path: Path): string {
  const parts = Array.from(items, (item, index) => writeAt(index, item, path) ?? 'null');
  return `[${parts.join(',')}]`;
}

function writeTypedArray(value: ArrayBufferView, path: Path): string {
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return `[${value.join(',')}]`;
  if (isNumeric(value)) return `[${Array.from(value, writeNumber).join(',')}]`;
  return refuse('a DataView', path);
}

function isNumeric(value: ArrayBufferView): value is ArrayBufferView & Iterable<number> {
  return !(value instanceof DataView);
}

function* mapEntries(map: ReadonlyMap<unknown, unknown>, path: Path): Generator<[string, unknown]> {
  for (const [key, value] of map) {
    if (typeof key === 'object' || typeof key === 'symbol' || typeof key === 'function') {
      refuse(`a Map key of type ${typeof key}`, path);
    }
    yield [String(key), value];
  }
}

function writeEntries(entries: Iterable<readonly [string, unknown]>, path: Path): string {
  const parts: string[] = [];
  for (const [key, value] of entries) {
    const text = writeAt(key, value, path);
    if (text !== undefined) parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}

function refuse(what: string, path: Path): never {
  const place = path.length === 0 ? 'the value itself' : `'${formatPath(path.slice(0, 8))}'`;
  throw new EncodeError(
    `${what} at ${place} cannot be written as JSON: use plain objects, arrays, numbers, strings, dates or bytes`,
  );
}

function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}${text && '.'}${step}`),
    '',
  );
}
