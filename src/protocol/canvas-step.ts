/**
 * Signatures as they are worked on while they are applied: checked, copied from what came over the wire, and
 * changed in place as ids are given out. They keep Celery's wire form, so that what is left for later tasks is
 * sent as it is.
 */
import { isDeepStrictEqual } from 'node:util';
import { InvalidTaskError, ProtocolError } from '../errors.ts';
import { type Fields, isFields, optionalText, wrong } from './fields.ts';

/** Most tasks in one application. */
export const MAX_TASKS = 100_000;
/** How deep signatures may be nested. */
const MAX_NESTING = 64;
/** What has no form of its own on the wire: maps and chunks are tasks with the signature as an argument. */
const PLAIN_TYPES: readonly unknown[] = ['map', 'starmap', 'xmap', 'xstarmap', 'chunks', null, undefined];

/** By Celery's names. */
export type Options = Record<string, unknown>;

interface StepFields {
  readonly task: string;
  args: readonly unknown[];
  readonly options: Options;
  immutable: boolean;
}

/** A single task. */
export interface TaskStep extends StepFields {
  kwargs: Fields;
  readonly subtask_type: null;
}

export interface ChainStep extends StepFields {
  readonly kwargs: { tasks: Step[] };
  readonly subtask_type: 'chain';
}

export interface GroupStep extends StepFields {
  readonly kwargs: { readonly tasks: Step[] };
  readonly subtask_type: 'group';
}

export interface ChordStep extends StepFields {
  readonly kwargs: { readonly kwargs: Fields; header: Step[] | GroupStep; body: Step };
  readonly subtask_type: 'chord';
}

export type Step = TaskStep | ChainStep | GroupStep | ChordStep;

/** Counts tasks while signatures are read. */
interface Reading {
  left: number;
}

/**
 * Checks and copies a signature.
 *
 * @throws ProtocolError if it is none, InvalidTaskError if it has too many tasks or is nested too deep.
 */
export function readStep(signature: unknown): Step {
  return readNested(signature, { left: MAX_TASKS }, 0);
}

export function chainOf(tasks: Step[], options: Options = {}): ChainStep {
  return {
    task: 'celery.chain',
    args: [],
    kwargs: { tasks },
    options,
    subtask_type: 'chain',
    immutable: false,
  };
}

export function groupOf(tasks: Step[], options: Options = {}): GroupStep {
  return {
    task: 'celery.group',
    args: [],
    kwargs: { tasks },
    options,
    subtask_type: 'group',
    immutable: false,
  };
}

export function chordOf(header: Step[] | GroupStep, body: Step, options: Options = {}): ChordStep {
  const kwargs = { kwargs: {}, header, body };
  return { task: 'celery.chord', args: [], kwargs, options, subtask_type: 'chord', immutable: false };
}

export function taskOf(task: string, kwargs: Fields): TaskStep {
  return { task, args: [], kwargs, options: {}, subtask_type: null, immutable: false };
}

/** A copy that can be changed without changing the original; arguments are shared. */
export function copyStep<S extends Step>(step: S): S;
export function copyStep(step: Step): Step {
  const options = copyOptions(step.options);
  switch (step.subtask_type) {
    case null:
      return { ...step, options };
    case 'chain':
    case 'group':
      return { ...step, options, kwargs: { tasks: step.kwargs.tasks.map(copyStep) } } as Step;
    case 'chord': {
      const { kwargs, body } = step.kwargs;
      const header = headerTasks(step).map((task) => copyStep(task));
      return { ...step, options, kwargs: { kwargs, header, body: copyStep(body) } };
    }
  }
}

/** The tasks of a chord's header. */
export function headerTasks({ kwargs: { header } }: ChordStep): Step[] {
  return Array.isArray(header) ? header : header.kwargs.tasks;
}

/** A group of one is that one (celery/canvas.py `maybe_unroll_group`). */
export function unrollSingle(group: GroupStep): Step {
  const [first, second] = group.kwargs.tasks;
  return first !== undefined && second === undefined ? first : group;
}

/** What Celery takes for a list: a list, or one thing, or nothing. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** Adds what is not there yet to an option that is a list. */
export function addToOption(options: Options, name: 'link' | 'link_error', signature: unknown): void {
  const list = listOf(options[name]);
  const isThere = list.some((other) => isDeepStrictEqual(other, signature));
  options[name] = isThere ? list : [...list, signature];
}

/**
 * Options over those of a signature. Its group and its stamps stay, since what was promised to the group would be
 * broken otherwise (celery/canvas.py `Signature._merge`).
 */
export function mergeOptions(own: Options, given: Options): Options {
  const kept = new Set<unknown>(['group_id', 'stamped_headers', ...listOf(own.stamped_headers)]);
  const entries = Object.entries(given).filter(([name]) => !(kept.has(name) && Object.hasOwn(own, name)));
  return { ...own, ...Object.fromEntries(entries) };
}

function copyOptions(options: Options): Options {
  const copy = { ...options };
  for (const name of ['link', 'link_error']) {
    if (Array.isArray(copy[name])) copy[name] = [...copy[name]];
  }
  return copy;
}

function readNested(signature: unknown, reading: Reading, depth: number): Step {
  const where = 'a signature';
  if (!isFields(signature)) return wrong(signature, 'task', where, 'an object with a task');
  const { task, args = [], kwargs = {}, options = {}, subtask_type: type } = signature;
  if (depth >= MAX_NESTING) throw tooDeep();
  if (typeof task !== 'string' || task === '') return wrong(task, 'task', where, 'a string');
  if (!Array.isArray(args)) return wrong(args, 'args', `${where} of ${task}`, 'a list');
  if (!isFields(kwargs)) return wrong(kwargs, 'kwargs', `${where} of ${task}`, 'an object');
  if (!isFields(options)) return wrong(options, 'options', `${where} of ${task}`, 'an object');
  // It is used as text in many places: nothing else gets that far.
  optionalText(options, 'task_id', `${where} of ${task}`);
  const fields = { task, args, options: copyOptions(options), immutable: signature.immutable === true };
  if (type === 'chain' || type === 'group') {
    return { ...fields, kwargs: { tasks: readTasks(kwargs.tasks, reading, depth) }, subtask_type: type };
  }
  if (type === 'chord') return { ...fields, kwargs: readChord(kwargs, reading, depth), subtask_type: type };
  if (!PLAIN_TYPES.includes(type)) return wrong(type, 'subtask_type', `${where} of ${task}`, 'a known one');
  reading.left -= 1;
  if (reading.left < 0) throw tooMany();
  return { ...fields, kwargs, subtask_type: null };
}

function readTasks(tasks: unknown, reading: Reading, depth: number): Step[] {
  if (!Array.isArray(tasks)) return wrong(tasks, 'tasks', 'a signature', 'a list');
  return tasks.map((task) => readNested(task, reading, depth + 1));
}

function readChord(kwargs: Fields, reading: Reading, depth: number): ChordStep['kwargs'] {
  const { header, body, kwargs: partial = {} } = kwargs;
  if (!isFields(partial)) return wrong(partial, 'kwargs', 'a chord', 'an object');
  if (body === undefined || body === null) throw new ProtocolError('a chord without a body: give it one');
  return {
    kwargs: partial,
    header: readHeader(header, reading, depth),
    body: readNested(body, reading, depth + 1),
  };
}

/** A header may be a list, a group or a chain, whose tasks are taken, or one task (celery/canvas.py `_maybe_group`). */
function readHeader(header: unknown, reading: Reading, depth: number): Step[] {
  if (Array.isArray(header)) return readTasks(header, reading, depth);
  const step = readNested(header, reading, depth + 1);
  return step.subtask_type === 'group' || step.subtask_type === 'chain' ? step.kwargs.tasks : [step];
}

function tooMany(): InvalidTaskError {
  return new InvalidTaskError(`a canvas of more than ${MAX_TASKS} tasks: send it in parts`);
}

function tooDeep(): InvalidTaskError {
  return new InvalidTaskError(`signatures are nested more than ${MAX_NESTING} deep: nest them less`);
}
