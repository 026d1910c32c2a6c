/**
 * Python's `repr` of values, as Celery shortens it for headers and events (celery/utils/saferepr.py): at most
 * so many characters, three levels deep, `...` for what is left out. Secrets have a mask.
 */
import { inspect } from 'node:util';
import { hidePasswordsIn, MASK } from './hidden-password.ts';
import { hideSecretsIn, isSecretName } from './hidden-secrets.ts';
import { parsePlainJson } from './json.ts';
import { JsonFragment } from './json-fragment.ts';
import { PythonValue } from './python-value.ts';

/** Celery's `argsrepr_maxsize`. */
const MAX_LENGTH = 1024;
/** Longest JSON text that is read to be shown. */
const MAX_READ = 16_384;
/** A URL that begins before the limit is looked at as a whole. */
const LONGEST_URL = 2_048;
/** Celery's `task_repr_maxlevels`. */
const MAX_LEVELS = 3;

interface Writer {
  readonly parts: string[];
  /** Characters that may still be written. */
  left: number;
  /** Whether the limit was met: only what is open is closed from there on. */
  cut: boolean;
}

interface Container {
  readonly open: string;
  readonly close: string;
  readonly entries: Iterable<readonly [string | null, unknown]>;
}

/** A value as Python shows it: `{'a': [1, None, True]}`. */
export function pythonRepr(value: unknown, maxLength = MAX_LENGTH): string {
  const writer: Writer = { parts: [], left: maxLength, cut: false };
  write(writer, value, 0);
  return writer.parts.join('');
}

/** Positional arguments as Python shows them: `(1, 'a')`, `(1,)`, `()`. */
export function argsRepr(args: readonly unknown[], maxLength = MAX_LENGTH): string {
  const writer: Writer = { parts: [], left: maxLength, cut: false };
  writeContainer(writer, { open: '(', close: args.length === 1 ? ',)' : ')', entries: unnamed(args) }, 0);
  return writer.parts.join('');
}

function write(writer: Writer, value: unknown, level: number): void {
  if (value instanceof JsonFragment) {
    writeFragment(writer, value, level);
    return;
  }
  const container = containerOf(value);
  if (container !== null) writeContainer(writer, container, level);
  else if (typeof value === 'string') emit(writer, quote(value, writer.left));
  else emit(writer, truncate(scalarRepr(value), writer.left));
}

/** A long text is not read for the few characters that are shown of it. */
function writeFragment(writer: Writer, { text }: JsonFragment, level: number): void {
  if (text.length > MAX_READ) emit(writer, truncate(hideSecretsIn(text.slice(0, MAX_LENGTH)), writer.left));
  else write(writer, parsePlainJson(text), level);
}

function containerOf(value: unknown): Container | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) return { open: '[', close: ']', entries: unnamed(value) };
  if (value instanceof Set) return { open: '{', close: '}', entries: unnamed([...value]) };
  if (value instanceof Map) return { open: '{', close: '}', entries: value };
  const isPlain = Object.prototype.toString.call(value) === '[object Object]';
  if (value instanceof PythonValue || !isPlain) return null;
  return { open: '{', close: '}', entries: Object.entries(value) };
}

function writeContainer(writer: Writer, { open, close, entries }: Container, level: number): void {
  const isTooDeep = level >= MAX_LEVELS;
  emit(writer, isTooDeep ? `${open}...${close}` : open);
  if (isTooDeep || writer.cut) return;
  let separator = '';
  for (const [key, value] of entries) {
    if (separator !== '') emit(writer, separator);
    writeEntry(writer, key, value, level);
    if (writer.cut) break;
    separator = ', ';
  }
  writer.parts.push(close);
  writer.left -= close.length;
}

function writeEntry(writer: Writer, key: string | null, value: unknown, level: number): void {
  if (key !== null) {
    emit(writer, pythonRepr(key, writer.left));
    emit(writer, ': ');
  }
  if (writer.cut) return;
  write(writer, typeof key === 'string' && isSecretName(key) ? MASK : value, level + 1);
}

function emit(writer: Writer, token: string): void {
  if (writer.cut) return;
  writer.cut = writer.left <= 0;
  writer.parts.push(writer.cut ? ', ...' : token);
  writer.left -= token.length;
}

function unnamed(items: readonly unknown[]): [null, unknown][] {
  return Array.from(items, (item) => [null, item]);
}

function quote(text: string, maxLength: number): string {
  const shown = hidePasswordsIn(text.slice(0, Math.max(0, maxLength) + LONGEST_URL));
  return `'${truncate(shown, maxLength).replaceAll("'", "\\'")}'`;
}

/** Cuts at the last space before the limit. */
function truncate(text: string, maxLength: number): string {
  if (text.length < maxLength || maxLength <= 0) return text;
  const kept = text.slice(0, maxLength);
  const space = kept.lastIndexOf(' ');
  return `${space === -1 ? kept : kept.slice(0, space)}...`;
}

function scalarRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberRepr(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return dateRepr(value);
  if (value instanceof PythonValue) return pythonValueRepr(value);
  if (value instanceof Uint8Array) return bytesRepr(value);
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
}

function numberRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const small = value !== 0 && Math.abs(value) < 1e-4;
  return (small ? value.toExponential() : String(value)).replace(/e([+-])(\d)$/, 'e$10$2');
}

function dateRepr(date: Date): string {
  if (Number.isNaN(date.getTime())) return 'None';
  const fields = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCMilliseconds() * 1000,
  ];
  if (fields[6] === 0) fields.pop();
  if (fields[5] === 0) fields.pop();
  return `datetime.datetime(${fields.join(', ')}, tzinfo=datetime.timezone.utc)`;
}

function pythonValueRepr(value: PythonValue): string {
  if (value.type === 'decimal') return `Decimal('${value.text}')`;
  if (value.type === 'uuid') return `UUID('${value.text}')`;
  const fields = value.text.split(/\D/).map(Number);
  return `datetime.${value.type}(${(value.type === 'time' ? fields.slice(0, 2) : fields).join(', ')})`;
}

/** Text if it is text, else hexadecimal digits. */
function bytesRepr(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  return `b'${text.includes('\ufffd') ? buffer.toString('hex') : text}'`;
}
