/**
 * Reads pickles (protocols 0 to 5) as data only: opcodes that build plain values, and the few types of
 * pickle-globals.ts. Nothing is imported, looked up or called, whatever a pickle says.
 */
import { ProtocolError } from '../errors.ts';
import { MAX_BODY_BYTES } from './compression.ts';
import { isFields } from './fields.ts';
import { type FindGlobal, findGlobal, PickleGlobal, setState } from './pickle-globals.ts';
import { PickleInput, parseInteger } from './pickle-input.ts';

/** The pickle machine: values are pushed, and taken together from the last mark on. */
interface Machine {
  readonly input: PickleInput;
  readonly stack: unknown[];
  readonly marks: number[];
  readonly memo: Map<number, unknown>;
  readonly find: FindGlobal;
  /** Bytes that were made of a text: one text can be asked for again and again. */
  madeBytes: number;
}

type Operation = (machine: Machine) => void;

const NEWEST_PROTOCOL = 5;
const STOP = '.';

/**
 * The value of a pickle. Dicts have no prototype; tuples and sets are arrays. It may share parts, and hold itself.
 *
 * @param find - says what the names in it stand for. Default: the types that are data.
 * @throws ProtocolError for what is no pickle, and for one that is more than data.
 */
export function readPickle(body: Buffer, find: FindGlobal = findGlobal): unknown {
  const machine: Machine = {
    input: new PickleInput(body),
    stack: [],
    marks: [],
    memo: new Map(),
    find,
    madeBytes: 0,
  };
  for (;;) {
    const code = String.fromCharCode(machine.input.uint(1));
    if (code === STOP) return pop(machine);
    const operation = operations.get(code);
    if (operation === undefined) throw new ProtocolError(describeRefusal(code));
    operation(machine);
  }
}

/** Opcodes that do more than build data, by what Python does at them. */
const refused: ReadonlyMap<string, string> = new Map([
  ['P', 'loads a persistent object'],
  ['Q', 'loads a persistent object'],
  ['\x82', 'names a class of the extension registry'],
  ['\x83', 'names a class of the extension registry'],
  ['\x84', 'names a class of the extension registry'],
  ['i', 'calls a class'],
  ['o', 'calls a class'],
  ['\x92', 'calls a class'],
  ['\x97', 'loads an out-of-band buffer'],
  ['\x98', 'loads an out-of-band buffer'],
]);

const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['\x80', checkProtocol],
  ['\x95', ({ input }) => input.take(8)],
  ['(', ({ marks, stack }) => marks.push(stack.length)],
  ['0', pop],
  ['1', popToMark],
  ['2', (machine) => machine.stack.push(top(machine))],

  ['N', push(() => null)],
  ['\x88', push(() => true)],
  ['\x89', push(() => false)],
  ['I', push(readInt)],
  ['L', push((input) => parseInteger(input.line().replace(/L$/, '')))],
  ['J', push((input) => input.int32())],
  ['K', push((input) => input.uint(1))],
  ['M', push((input) => input.uint(2))],
  ['\x8a', push((input) => input.integer(1))],
  ['\x8b', push((input) => input.integer(4))],
  ['F', push((input) => Number(input.line()))],
  ['G', push((input) => input.float())],

  ['S', push((input) => input.quotedLine())],
  ['T', push((input) => input.text(4))],
  ['U', push((input) => input.text(1))],
  ['V', push((input) => input.escapedLine())],
  ['X', push((input) => input.text(4))],
  ['\x8c', push((input) => input.text(1))],
  ['\x8d', push((input) => input.text(8))],
  ['B', push((input) => input.counted(4))],
  ['C', push((input) => input.counted(1))],
  ['\x8e', push((input) => input.counted(8))],
  ['\x96', push((input) => input.counted(8))],

  [']', push(() => [])],
  [')', push(() => [])],
  ['\x8f', push(() => [])],
  ['}', push(() => Object.create(null))],
  ['l', (machine) => machine.stack.push(popToMark(machine))],
  ['t', (machine) => machine.stack.push(popToMark(machine))],
  ['\x91', (machine) => machine.stack.push(popToMark(machine))],
  ['\x85', (machine) => machine.stack.push(popMany(machine, 1))],
  ['\x86', (machine) => machine.stack.push(popMany(machine, 2))],
  ['\x87', (machine) => machine.stack.push(popMany(machine, 3))],
  ['d', (machine) => setItems(machine, popToMark(machine), Object.create(null))],
  ['a', (machine) => append(machine, popMany(machine, 1))],
  ['e', (machine) => append(machine, popToMark(machine))],
  ['\x90', (machine) => append(machine, popToMark(machine))],
  ['s', (machine) => setItems(machine, popMany(machine, 2), pop(machine))],
  ['u', (machine) => setItems(machine, popToMark(machine), pop(machine))],

  ['p', (machine) => machine.memo.set(Number(machine.input.line()), top(machine))],
  ['q', (machine) => machine.memo.set(machine.input.uint(1), top(machine))],
  ['r', (machine) => machine.memo.set(machine.input.uint(4), top(machine))],
  ['\x94', (machine) => machine.memo.set(machine.memo.size, top(machine))],
  ['g', (machine) => recall(machine, Number(machine.input.line()))],
  ['h', (machine) => recall(machine, machine.input.uint(1))],
  ['j', (machine) => recall(machine, machine.input.uint(4))],

  ['c', ({ input, stack, find }) => stack.push(find(input.line(), input.line()))],
  ['\x93', (machine) => machine.stack.push(machine.find(...namesOf(popMany(machine, 2))))],
  ['R', make],
  ['\x81', make],
  ['b', build],
]);

function push(read: (input: PickleInput) => unknown): Operation {
  return ({ input, stack }) => stack.push(read(input));
}

function checkProtocol({ input }: Machine): void {
  const protocol = input.uint(1);
  if (protocol > NEWEST_PROTOCOL) malformed(`of protocol ${protocol}`);
}

/** Protocol 0 writes booleans as integers of two digits. */
function readInt(input: PickleInput): unknown {
  const text = input.line();
  return text.length === 2 && text.startsWith('0') ? text === '01' : parseInteger(text);
}

function top({ stack, marks }: Machine): unknown {
  if (stack.length <= (marks.at(-1) ?? 0)) malformed('with an empty stack');
  return stack.at(-1);
}

function pop(machine: Machine): unknown {
  const value = top(machine);
  machine.stack.pop();
  return value;
}

function popMany(machine: Machine, count: number): unknown[] {
  const start = machine.stack.length - count;
  if (start < (machine.marks.at(-1) ?? 0)) malformed('with an empty stack');
  return machine.stack.splice(start);
}

function popToMark({ stack, marks }: Machine): unknown[] {
  const mark = marks.pop();
  return mark === undefined ? malformed('without a mark') : stack.splice(mark);
}

function append(machine: Machine, items: readonly unknown[]): void {
  const list = top(machine);
  if (!Array.isArray(list)) malformed('that appends to what is no list');
  for (const item of items) list.push(item);
}

/** Puts keys and values into a dict, and pushes it. */
function setItems({ stack }: Machine, items: readonly unknown[], dict: unknown): void {
  if (!isFields(dict) || Object.getPrototypeOf(dict) !== null || items.length % 2 !== 0) {
    malformed('that sets items of what is no dict');
  }
  for (let at = 0; at < items.length; at += 2) dict[keyText(items[at])] = items[at + 1];
  stack.push(dict);
}

/** Keys as Python's JSON writes them. */
function keyText(key: unknown): string {
  const isPlain = key === null || ['string', 'number', 'boolean'].includes(typeof key);
  return isPlain ? String(key) : malformed('with a dict key that JSON has not');
}

function recall({ stack, memo }: Machine, index: number): void {
  if (!memo.has(index)) malformed('that recalls what it has not stored');
  stack.push(memo.get(index));
}

function namesOf(names: readonly unknown[]): [unknown, unknown] {
  return [names[0], names[1]];
}

/** REDUCE and NEWOBJ: a type and its arguments. */
function make(machine: Machine): void {
  const [type, args] = popMany(machine, 2);
  if (!(type instanceof PickleGlobal) || !Array.isArray(args)) malformed('that calls what is no type');
  const value = type.make(args);
  if (Buffer.isBuffer(value)) machine.madeBytes += value.length;
  if (machine.madeBytes > MAX_BODY_BYTES) malformed('that makes too many bytes');
  machine.stack.push(value);
}

function build(machine: Machine): void {
  const state = pop(machine);
  setState(top(machine), state);
}

function describeRefusal(code: string): string {
  const hex = code.charCodeAt(0).toString(16).padStart(2, '0');
  const what = refused.get(code);
  if (what) return `a pickle ${what} (opcode 0x${hex}), which is not done: only plain data is read`;
  return `not a pickle: there is no opcode 0x${hex}`;
}

function malformed(what: string): never {
  throw new ProtocolError(`not a pickle that is read here: one ${what}`);
}
