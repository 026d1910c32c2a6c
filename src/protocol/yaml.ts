/**
 * YAML bodies, in the dialect of PyYAML's `safe_load` and `safe_dump` (YAML 1.1), which kombu uses: no tag makes
 * anything but data.
 */
import { isUtf8 } from 'node:buffer';
import {
  defineScalarTag,
  dump,
  intYaml11Tag,
  load,
  NOT_RESOLVED,
  YAML11_SCHEMA,
  YAMLException,
} from 'js-yaml';
import { EncodeError, ProtocolError } from '../errors.ts';
import { parseIsoDateTime } from './dates.ts';
import { MAX_DEPTH } from './json-parser.ts';
import { PythonValue } from './python-value.ts';

/** Reading and writing take a second for one or two MiB, in which a worker does nothing else. */
export const MAX_YAML_BYTES = 1024 * 1024;
const MAX_ALIASES = 1_000;
const MAX_DIGITS = 4300;

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d{1,2})(?::(\d{2}))?))?)?$/;

const timestampTag = defineScalarTag('tag:yaml.org,2002:timestamp', {
  implicit: true,
  implicitFirstChars: [...'0123456789'],
  resolve: (text) => readTimestamp(text) ?? NOT_RESOLVED,
  identify: (value) => value instanceof Date,
  represent: (date: Date) => date.toISOString(),
});

/** Integers beyond 2^53 too. */
const integerTag = defineScalarTag<number | bigint>('tag:yaml.org,2002:int', {
  ...intYaml11Tag,
  identify: (value) => typeof value === 'bigint' || intYaml11Tag.identify(value),
  represent: (value) => value.toString(10),
  resolve(text, isExplicit, tagName) {
    const isExact = text.length <= 15 || text.length > MAX_DIGITS || !/^[+-]?[1-9]\d*$/.test(text);
    return isExact ? intYaml11Tag.resolve(text, isExplicit, tagName) : BigInt(text.replace('+', ''));
  },
});

const schema = YAML11_SCHEMA.withTags(timestampTag, integerTag);

/**
 * The value of a document. Aliases share their part of it.
 *
 * @throws ProtocolError for what is no YAML, or of a type that is not data.
 */
export function readYaml(body: Buffer): unknown {
  if (body.length > MAX_YAML_BYTES) {
    throw new ProtocolError(
      `a YAML body of ${body.length} bytes is over the limit of ${MAX_YAML_BYTES}: send JSON`,
    );
  }
  if (!isUtf8(body)) throw new ProtocolError('the body is not UTF-8 text');
  try {
    return load(body.toString('utf8'), {
      schema,
      json: true,
      maxAliases: MAX_ALIASES,
      maxDepth: MAX_DEPTH + 2,
    });
  } catch (error) {
    throw new ProtocolError(`not valid YAML: ${describe(error)}`, { cause: error });
  }
}

/** @throws EncodeError for a value without a YAML form. */
export function writeYaml(value: unknown): Buffer {
  try {
    return Buffer.from(dump(value, { schema, noRefs: true }));
  } catch (error) {
    throw new EncodeError('the value cannot be written as YAML: send it as JSON', { cause: error });
  }
}

/** Without the excerpt, which can be as long as the body. */
function describe(error: unknown): string {
  return error instanceof YAMLException ? error.reason : String(error);
}

/** A datetime is kombu's marker, with its microseconds. Null for a date that no calendar has. */
function readTimestamp(text: string): object | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const [, year = '', month = '', day = '', hour, minute = '', second = '', fraction = ''] = match;
  const [, , , , , , , , utc, sign, offsetHours = '', offsetMinutes = '00'] = match;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (hour === undefined) return parseIsoDateTime(date) && new PythonValue('date', date);
  const digits = fraction.slice(0, 6).padEnd(6, '0');
  const offset = sign ? `${sign}${offsetHours.padStart(2, '0')}:${offsetMinutes}` : utc ? '+00:00' : '';
  const clock = `${hour.padStart(2, '0')}:${minute}:${second}${Number(digits) === 0 ? '' : `.${digits}`}`;
  const value = `${date}T${clock}${offset}`;
  return parseIsoDateTime(value) && { __type__: 'datetime', __value__: value };
}
