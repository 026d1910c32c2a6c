/**
 * JSON in kombu's dialect, as Celery's messages and results carry it:
 *
 * - the tokens NaN, Infinity and -Infinity (Python's `json.dumps` writes them);
 * - integers of any size: beyond 2^53 they are read as bigint;
 * - `{"__type__", "__value__"}` markers for dates, bytes, decimals and UUIDs (see python-value.ts).
 *
 * Nesting is limited to 800 levels on both ways. Most texts hold nothing special: one cheap look decides, and
 * `JSON.parse` and `JSON.stringify` do the work.
 */
import type { JsonText } from '../contract/job.ts';
import { ProtocolError } from '../errors.ts';
import { isFields } from './fields.ts';
import { endOfString, MAX_DEPTH, parseStrictly } from './json-parser.ts';
import { writeJson } from './json-writer.ts';

/** Integers of up to so many digits are exact as numbers. */
const SAFE_DIGITS = 15;
const INEXACT = -1;

/** ASCII letters and `_` written as escapes, by which a marker's key could be hidden. Nobody writes them. */
const ESCAPED_LETTER = /\\u00[567]/;

/**
 * Reads a JSON text. A datetime without an offset is UTC, and what is finer than a millisecond is lost.
 *
 * @throws ProtocolError if the text is no JSON, is nested too deep, or holds a marker of an unknown type.
 */
export function parseJson(text: string): unknown {
  const mayHaveMarkers = text.includes('__type__') || ESCAPED_LETTER.test(text);
  if (mayHaveMarkers) return parseStrictly(text, true);
  return parsePlainJson(text);
}

/** As {@link parseJson}, but leaves markers as the objects they are: for what is only passed on. */
export function parsePlainJson(text: string): unknown {
  if (!isStandardJson(text)) return parseStrictly(text, false);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError(`not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Writes a value as JSON. `undefined` is left out of objects and is null elsewhere; a `Date` becomes a
 * datetime, a `Buffer` or `Uint8Array` bytes, another typed array or a `Set` an array, a `Map` an object.
 *
 * @throws EncodeError naming the path of a function, a symbol, a cycle, a promise or the like.
 */
export function stringifyJson(value: unknown): JsonText {
  if (value === undefined) return 'null' as JsonText;
  return (isPlain(value, 0) ? JSON.stringify(value) : writeJson(value)) as JsonText;
}

/** Whether JSON.parse reads the text as it is meant; says nothing about its syntax. */
function isStandardJson(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      case 0x4e: // NaN
      case 0x49: // Infinity
        return false;
      default:
        if (isDigit(text, at)) at = endOfNumber(text, at);
    }
    if (depth > MAX_DEPTH || at === INEXACT) return false;
  }
  return true;
}

/** Index of the last character of a number, {@link INEXACT} for an integer that may be beyond 2^53. */
function endOfNumber(text: string, start: number): number {
  let at = start;
  while (isDigit(text, at)) at += 1;
  const digits = at - start;
  while (isDigit(text, at) || isNumberMark(text.charCodeAt(at))) at += 1;
  const isInteger = at - start === digits;
  return isInteger && digits > SAFE_DIGITS ? INEXACT : at - 1;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** One of `. e E + -`. */
function isNumberMark(code: number): boolean {
  return code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === 0x2d;
}

/** Whether JSON.stringify writes the value as it is: it writes NaN as null and leaves functions out. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
    case 'object':
      return value === null || (depth < MAX_DEPTH && isPlainContainer(value, depth + 1));
    default:
      return false;
  }
}

function isPlainContainer(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlain(item, depth)) return false;
    return true;
  }
  return isFields(value) && Object.values(value).every((item) => isPlain(item, depth));
}
