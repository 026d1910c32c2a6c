/**
 * Values that kombu writes as `{"__type__": …, "__value__": …}` (kombu/utils/json.py), and what they are
 * here: `datetime` is a `Date`, `bytes` and `base64` are a `Buffer`, the others a {@link PythonValue}.
 */
import { isUtf8 } from 'node:buffer';
import { ProtocolError } from '../errors.ts';
import { formatIsoDateTime, parseIsoDateTime } from './dates.ts';
import { describe } from './fields.ts';

/** The Python types that JavaScript has no value for, by kombu's marker. */
type PythonType = 'date' | 'time' | 'decimal' | 'uuid';

/** The JSON object by which a value travels that JSON has no form for. */
interface Marker {
  readonly __type__: string;
  readonly __value__: unknown;
}

const FORMATS: Readonly<Record<PythonType, RegExp>> = {
  date: /^\d{4}-\d{2}-\d{2}$/,
  time: /^\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2}(:?\d{2})?)?$/,
  decimal: /^[+-]?((\d+\.?\d*|\.\d+)(E[+-]?\d+)?|Infinity|s?NaN\d*)$/i,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
};

/**
 * A Python `date`, `time`, `Decimal` or `UUID`. It reads as its text (in templates, comparisons and plain
 * JSON) and goes back to Python as what it was.
 */
export class PythonValue {
  readonly type: PythonType;
  /** For example `2026-01-02`, `01:02:00`, `1.50`, `00000000-0000-0000-0000-000000000005`. */
  readonly text: string;

  /** @throws ProtocolError if the text is no such value. */
  constructor(type: PythonType, text: string) {
    if (!FORMATS[type].test(text)) throw new ProtocolError(`'${text}' is no Python ${type}`);
    this.type = type;
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

/** @returns null for a date that Python has no datetime for. */
export function dateMarker(date: Date): Marker | null {
  const text = formatIsoDateTime(date);
  return text === null ? null : { __type__: 'datetime', __value__: text };
}

/** Bytes as kombu marks them: as text if they are UTF-8, else base64. */
export function bytesMarker(bytes: Uint8Array): Marker {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return { __type__: 'bytes', __value__: buffer.toString('utf8') };
  return { __type__: 'base64', __value__: buffer.toString('base64') };
}

/** The marker of a {@link PythonValue}. */
export function pythonMarker(value: PythonValue): Marker {
  if (value.type !== 'uuid') return { __type__: value.type, __value__: value.text };
  return { __type__: 'uuid', __value__: { hex: value.text.replaceAll('-', '') } };
}

/** Whether an object read from JSON is a marker: it has the two keys and no other. */
export function isMarker(value: Readonly<Record<string, unknown>>): boolean {
  return (
    Object.hasOwn(value, '__type__') && Object.hasOwn(value, '__value__') && Object.keys(value).length === 2
  );
}

/** @throws ProtocolError for an unknown type, and for a value that its type cannot have. */
export function decodeMarker(marker: Readonly<Record<string, unknown>>): unknown {
  const type = marker.__type__;
  const decode = typeof type === 'string' ? decoders.get(type) : undefined;
  if (decode === undefined) throw new ProtocolError(`unsupported value: its __type__ is ${describe(type)}`);
  return decode(marker.__value__);
}

const decoders: ReadonlyMap<string, (value: unknown) => unknown> = new Map<
  string,
  (value: unknown) => unknown
>([
  ['datetime', (value) => parseIsoDateTime(text(value, 'datetime')) ?? malformed(value, 'datetime')],
  ['date', (value) => new PythonValue('date', text(value, 'date').slice(0, 10))],
  ['time', (value) => new PythonValue('time', text(value, 'time'))],
  ['decimal', (value) => new PythonValue('decimal', text(value, 'decimal'))],
  ['uuid', decodeUuid],
  ['bytes', (value) => Buffer.from(text(value, 'bytes'), 'utf8')],
  ['base64', (value) => Buffer.from(text(value, 'base64'), 'base64')],
]);

function decodeUuid(value: unknown): PythonValue {
  const hex = typeof value === 'object' && value !== null && 'hex' in value ? value.hex : undefined;
  const digits = text(hex, 'uuid').toLowerCase().replaceAll('-', '');
  return new PythonValue('uuid', digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.*)$/, '$1-$2-$3-$4-$5'));
}

function text(value: unknown, type: string): string {
  return typeof value === 'string' ? value : malformed(value, type);
}

function malformed(value: unknown, type: string): never {
  throw new ProtocolError(`a Python ${type} cannot be ${describe(value)}`);
}
