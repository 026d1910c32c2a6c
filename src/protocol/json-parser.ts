/**
 * A strict JSON parser for what `JSON.parse` cannot read or would change: kombu's `__type__` markers, the
 * tokens NaN, Infinity and -Infinity, and integers beyond 2^53 (read as bigint).
 */
import { ProtocolError } from '../errors.ts';
import { decodeMarker, isMarker } from './python-value.ts';

/**
 * How deep arrays and objects may be nested, in what is read and in what is written. `celery.chord_unlock` nests two
 * levels for each task of a chain in the chord's header. The stack has room for half as much again at least.
 */
export const MAX_DEPTH = 800;

/** Python reads no longer integer either (`sys.int_info.default_max_str_digits`). */
const MAX_DIGITS = 4300;

interface Cursor {
  readonly text: string;
  readonly markers: boolean;
  at: number;
  depth: number;
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const LITERALS: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
];

/**
 * Parses a whole text.
 *
 * @param markers - whether `{"__type__", "__value__"}` objects become the values they stand for.
 * @throws ProtocolError naming the position.
 */
export function parseStrictly(text: string, markers: boolean): unknown {
  const cursor: Cursor = { text, markers, at: 0, depth: 0 };
  const value = parseValue(cursor);
  skipSpace(cursor);
  if (cursor.at < text.length) fail(cursor, 'unexpected text after the value');
  return value;
}

/** Index of the quote that closes the string opened at `start`, or the text's length if none does. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1;
  while (text[at] === '\\') at -= 1;
  return (quote - at) % 2 === 0;
}

function parseValue(cursor: Cursor): unknown {
  skipSpace(cursor);
  const next = cursor.text[cursor.at];
  if (next === '{') return nested(cursor, parseObject);
  if (next === '[') return nested(cursor, parseArray);
  if (next === '"') return parseString(cursor);
  const literal = LITERALS.find(([name]) => cursor.text.startsWith(name, cursor.at));
  if (literal === undefined) return parseNumber(cursor);
  cursor.at += literal[0].length;
  return literal[1];
}

function nested<T>(cursor: Cursor, parse: (cursor: Cursor) => T): T {
  cursor.depth += 1;
  if (cursor.depth > MAX_DEPTH) fail(cursor, `nested deeper than ${MAX_DEPTH} levels`);
  cursor.at += 1;
  const value = parse(cursor);
  cursor.depth -= 1;
  return value;
}

function parseArray(cursor: Cursor): unknown[] {
  const items: unknown[] = [];
  if (takes(cursor, ']')) return items;
  do items.push(parseValue(cursor));
  while (takes(cursor, ','));
  expect(cursor, ']');
  return items;
}

function parseObject(cursor: Cursor): unknown {
  const object: Record<string, unknown> = {};
  if (takes(cursor, '}')) return object;
  do {
    skipSpace(cursor);
    if (cursor.text[cursor.at] !== '"') fail(cursor, 'expected a key in double quotes');
    const key = parseString(cursor);
    expect(cursor, ':');
    setOwn(object, key, parseValue(cursor));
  } while (takes(cursor, ','));
  expect(cursor, '}');
  return cursor.markers && isMarker(object) ? decodeMarker(object) : object;
}

/** An assignment to `__proto__` would change the object's prototype instead. */
function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function parseString(cursor: Cursor): string {
  const start = cursor.at;
  const end = endOfString(cursor.text, start);
  if (end === cursor.text.length) fail(cursor, 'a string is not closed');
  cursor.at = end + 1;
  try {
    return String(JSON.parse(cursor.text.slice(start, end + 1)));
  } catch {
    return fail({ ...cursor, at: start }, 'a string holds a control character or a wrong escape');
  }
}

function parseNumber(cursor: Cursor): number | bigint {
  NUMBER.lastIndex = cursor.at;
  const match = NUMBER.exec(cursor.text);
  if (match === null) return fail(cursor, 'expected a value');
  const [digits, fraction, exponent] = match;
  const value = Number(digits);
  if (fraction === undefined && exponent === undefined && !Number.isSafeInteger(value)) {
    if (digits.length > MAX_DIGITS) fail(cursor, `an integer of more than ${MAX_DIGITS} digits`);
    cursor.at += digits.length;
    return BigInt(digits);
  }
  cursor.at += digits.length;
  return value;
}

function skipSpace(cursor: Cursor): void {
  SPACE.lastIndex = cursor.at;
  SPACE.test(cursor.text);
  cursor.at = SPACE.lastIndex;
}

function takes(cursor: Cursor, token: string): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== token) return false;
  cursor.at += 1;
  return true;
}

function expect(cursor: Cursor, token: string): void {
  if (!takes(cursor, token)) fail(cursor, `expected '${token}'`);
}

function fail(cursor: Cursor, what: string): never {
  throw new ProtocolError(`not valid JSON: ${what} at position ${cursor.at}`);
}
