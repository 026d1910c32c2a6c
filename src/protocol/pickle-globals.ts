/**
 * What a pickle may name: the Python types that are nothing but data. Each is mapped to a value of ours here;
 * no name is ever looked up anywhere else, and nothing is called.
 */
import { ProtocolError } from '../errors.ts';
import { parseIsoDateTime } from './dates.ts';
import { isFields } from './fields.ts';
import { PythonValue } from './python-value.ts';

/** Longest text of a Decimal. */
const MAX_DIGITS = 4300;

/** A name that stands for one of the types. It is no value itself. */
export class PickleGlobal {
  readonly name: string;
  /** What the type makes of its arguments. */
  readonly make: (args: readonly unknown[]) => unknown;

  constructor(name: string, make: (args: readonly unknown[]) => unknown) {
    this.name = name;
    this.make = make;
  }
}

/** What a class that is no plain data would have been called with, had anything been called. */
export class PickledObject {
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];

  constructor(module: string, name: string, args: readonly unknown[]) {
    this.module = module;
    this.name = name;
    this.args = args;
  }

  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** A `timedelta` or a time zone: part of a date, no value itself. */
class Duration {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

/** Finds what a name in a pickle stands for. @throws ProtocolError */
export type FindGlobal = (module: unknown, name: unknown) => PickleGlobal;

/** @throws ProtocolError naming the global, unless it is one of the types. */
export function findGlobal(module: unknown, name: unknown): PickleGlobal {
  const { path, found } = lookUp(module, name);
  if (found) return found;
  throw new ProtocolError(
    `a pickle names '${path.slice(0, 120)}', which is not read: only plain data is; send it as JSON (Celery: task_serializer='json')`,
  );
}

/** As {@link findGlobal}, but every other class makes a {@link PickledObject}. */
export function findClass(module: unknown, name: unknown): PickleGlobal {
  const { path, found } = lookUp(module, name);
  return found ?? new PickleGlobal(path, (args) => new PickledObject(String(module), String(name), args));
}

function lookUp(module: unknown, name: unknown): { path: string; found: PickleGlobal | undefined } {
  if (typeof module !== 'string' || typeof name !== 'string') return malformed('name');
  const path = `${module}.${name}`;
  return { path, found: globals.get(path) };
}

const globals: ReadonlyMap<string, PickleGlobal> = new Map(
  (
    [
      ['datetime.datetime', makeDatetime],
      ['datetime.date', makeDate],
      ['datetime.time', makeTime],
      ['datetime.timedelta', makeDuration],
      ['datetime.timezone', ([offset]) => (offset instanceof Duration ? offset : malformed('timezone'))],
      ['pytz._UTC', () => new Duration(0)],
      ['decimal.Decimal', makeDecimal],
      ['uuid.UUID', makeUuid],
      ['collections.OrderedDict', makeDict],
      ['celery.canvas.signature', ([fields]) => (isFields(fields) ? fields : malformed('signature'))],
      ['_codecs.encode', encodeText],
      // Python 2's names, which Python 3 writes too up to protocol 2.
      ...['builtins', '__builtin__'].flatMap((module): [string, PickleGlobal['make']][] => [
        [`${module}.set`, makeList],
        [`${module}.frozenset`, makeList],
        [`${module}.bytearray`, makeBytes],
        [`${module}.bytes`, makeBytes],
        [`${module}.object`, () => malformed('object')],
      ]),
      ...['copyreg', 'copy_reg'].map((module): [string, PickleGlobal['make']] => [
        `${module}._reconstructor`,
        reconstruct,
      ]),
    ] as [string, PickleGlobal['make']][]
  ).map(([name, make]) => [name, new PickleGlobal(name, make)]),
);

/** With microseconds, which a `Date` has not: so it is kombu's marker. */
function makeDatetime([state, zone]: readonly unknown[]): unknown {
  const text = `${dateText(state, 10)}T${timeText(state, 4)}${offsetText(zone)}`;
  if (parseIsoDateTime(text) === null) malformed('datetime');
  return { __type__: 'datetime', __value__: text };
}

function makeDate([state]: readonly unknown[]): PythonValue {
  const text = dateText(state, 4);
  return parseIsoDateTime(text) ? new PythonValue('date', text) : malformed('date');
}

function makeTime([state, zone]: readonly unknown[]): PythonValue {
  const text = `${timeText(state, 0)}${offsetText(zone)}`;
  return parseIsoDateTime(`2000-01-01T${text}`) ? new PythonValue('time', text) : malformed('time');
}

/** Year (2 bytes), month and day. */
function dateText(state: unknown, length: number): string {
  if (!Buffer.isBuffer(state) || state.length !== length) return malformed('date');
  const year = String(state.readUInt16BE(0)).padStart(4, '0');
  return `${year}-${twoDigits(state.readUInt8(2))}-${twoDigits(state.readUInt8(3))}`;
}

/** Hour, minute, second and microseconds (3 bytes), the last ones of the state. */
function timeText(state: unknown, at: number): string {
  if (!Buffer.isBuffer(state) || state.length !== at + 6) return malformed('time');
  const clock = [...state.subarray(at, at + 3)].map(twoDigits).join(':');
  const microseconds = state.readUIntBE(at + 3, 3);
  return microseconds === 0 ? clock : `${clock}.${String(microseconds).padStart(6, '0')}`;
}

function offsetText(zone: unknown): string {
  if (zone === undefined || zone === null) return '';
  if (!(zone instanceof Duration)) return malformed('time zone');
  const minutes = Math.abs(zone.seconds) / 60;
  return `${zone.seconds < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(Math.floor(minutes % 60))}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function makeDuration([days = 0, seconds = 0]: readonly unknown[]): Duration {
  if (typeof days !== 'number' || typeof seconds !== 'number') return malformed('timedelta');
  return new Duration(days * 86_400 + seconds);
}

function makeDecimal([text]: readonly unknown[]): PythonValue {
  const isShort = typeof text === 'string' && text.length <= MAX_DIGITS;
  return isShort ? new PythonValue('decimal', text) : malformed('Decimal');
}

/** Its items are set afterwards. */
function makeDict(args: readonly unknown[]): unknown {
  return args.length === 0 ? Object.create(null) : malformed('OrderedDict');
}

/** Sets travel as lists, as in kombu's JSON. Not copied: a pickle can ask for it without end. */
function makeList([items = []]: readonly unknown[]): unknown {
  return Array.isArray(items) ? items : malformed('set');
}

function makeBytes([source = Buffer.alloc(0), encoding]: readonly unknown[]): Buffer {
  if (Buffer.isBuffer(source)) return source;
  return typeof source === 'string' ? encodeText([source, encoding]) : malformed('bytes');
}

/** Bytes as text of code points up to 255: protocols 0 to 2 have no other way. */
function encodeText([text, encoding]: readonly unknown[]): Buffer {
  if (typeof text !== 'string' || (encoding !== 'latin1' && encoding !== 'latin-1')) malformed('bytes');
  if (/[^\0-\xff]/.test(text)) malformed('bytes');
  return Buffer.from(text, 'latin1');
}

/** UUIDs that have been made: their digits come afterwards, as their state. */
const uuids = new WeakSet<object>();

/** As kombu's marker. */
function makeUuid(): object {
  const marker = { __type__: 'uuid', __value__: { hex: '0'.repeat(32) } };
  uuids.add(marker);
  return marker;
}

/** Protocols 0 and 1 make every object so. */
function reconstruct([type]: readonly unknown[]): object {
  return type === globals.get('uuid.UUID') ? makeUuid() : malformed('object');
}

/**
 * Gives an object its state: only a UUID takes one. That of an exception says nothing that is told on.
 *
 * @throws ProtocolError
 */
export function setState(object: unknown, state: unknown): void {
  if (object instanceof PickledObject) return;
  const number = isFields(state) ? state.int : undefined;
  const value = typeof number === 'number' || typeof number === 'bigint' ? BigInt(number) : -1n;
  const isUuid = typeof object === 'object' && object !== null && uuids.has(object);
  if (!isUuid || value < 0n || value >= 1n << 128n) malformed('object');
  Object.assign(object, { __value__: { hex: value.toString(16).padStart(32, '0') } });
}

function malformed(what: string): never {
  throw new ProtocolError(`not a pickle that is read here: a ${what} has an unknown form`);
}
