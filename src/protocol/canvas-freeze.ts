/**
 * Freezing: every task of a signature gets its id, its group and its chord, before anything is sent
 * (celery/canvas.py `freeze`). What has an id already keeps it, so freezing twice changes nothing.
 */
import { InvalidTaskError } from '../errors.ts';
import { markChord } from './canvas-join.ts';
import { linkError, stripHeaders } from './canvas-link.ts';
import { firstParent, groupResult, type ResultNode, taskResult } from './canvas-result.ts';
import {
  type ChainStep,
  type ChordStep,
  chordOf,
  copyStep,
  type GroupStep,
  groupOf,
  headerTasks,
  type Options,
  type Step,
  unrollSingle,
} from './canvas-step.ts';
import { unrollBody } from './canvas-unroll.ts';

/** Gives out what a signature does not bring along. */
export interface Naming {
  newId(): string;
  readonly replyTo: string;
  /** Whether chords are marked to join our way (see canvas-join.ts). */
  readonly marksChords: boolean;
}

/** What the surroundings of a signature say; null and undefined change nothing. */
export interface Place {
  readonly id?: string | null | undefined;
  readonly groupId?: unknown;
  readonly groupIndex?: unknown;
  readonly chord?: unknown;
  readonly rootId?: unknown;
  readonly parentId?: unknown;
}

/** A chain made ready: its tasks in reverse, as the `chain` field of a message has them, and their results. */
export interface PreparedChain {
  readonly tasks: Step[];
  readonly results: ResultNode[];
}

interface ChainPlace extends Place {
  readonly linkErrors?: readonly unknown[];
  /** False: the chain's own tasks get the ids; true: copies of them, ready to be sent. */
  readonly copy: boolean;
}

/** Gives ids to a signature and what it is made of. @returns the result of the whole. */
export function freeze(step: Step, place: Place, naming: Naming): ResultNode {
  switch (step.subtask_type) {
    case null:
      return freezeTask(step.options, place, naming);
    case 'group':
      return freezeGroup(step, place, naming);
    case 'chord':
      return freezeChord(step, place, naming);
    case 'chain': {
      const [last] = prepareChain(step, step.args, { ...place, copy: false }, naming).results;
      if (last === undefined) throw new InvalidTaskError('a chain without tasks: give it at least one');
      return last;
    }
  }
}

/** Nested groups are taken apart: a group of a group's tasks is one group. */
export function freezeGroup(group: GroupStep, place: Place, naming: Naming): ResultNode {
  const { options } = group;
  const { chord, groupId } = place;
  options.task_id ??= naming.newId();
  if (groupId) options.group_id = groupId;
  if (chord) options.chord = chord;
  if (isGiven(place.groupIndex)) options.group_index = place.groupIndex;
  if (options.root_id === undefined) options.root_id = place.rootId ?? null;
  if (options.parent_id === undefined) options.parent_id = place.parentId ?? null;
  const tasks = flatten(group.kwargs.tasks).map(copyStep);
  const shared = { groupId, chord, rootId: options.root_id, parentId: options.parent_id };
  const results = tasks.map((task, groupIndex) => freeze(task, { ...shared, groupIndex }, naming));
  group.kwargs.tasks.length = 0;
  pushAll(group.kwargs.tasks, tasks);
  return groupResult(String(options.task_id), results);
}

/**
 * The tasks that a chain comes to, with their results: nested chains are unrolled, and a group followed by a task
 * becomes a chord (celery/canvas.py `prepare_steps`).
 */
export function prepareChain(
  chain: ChainStep,
  args: readonly unknown[],
  place: ChainPlace,
  naming: Naming,
): PreparedChain {
  const steps = startOfChain(chain.kwargs.tasks);
  const prepared: PreparedChain = { tasks: [], results: [] };
  let last: Previous = null;
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    const isFirst = steps.length === 0;
    const task = step.subtask_type === 'group' ? unrollSingle(step) : step;
    const parts = partsOf(task, place.copy, isFirst && last === null);
    if (parts === null)
      last = append(prepared, ownStep(task, isFirst ? args : [], place), last, place, naming);
    else pushAll(steps, parts);
  }
  chain.options.task_id = prepared.results[0]?.id ?? place.id;
  if (place.copy) prepared.tasks.forEach(stripHeaders);
  return prepared;
}

/** The steps in whose place one stands, null for one that stands for itself. */
function partsOf(step: Step, copy: boolean, isOnly: boolean): readonly Step[] | null {
  if (isEmptyGroup(step)) return isOnly ? null : [];
  if (step.subtask_type === 'chain') return step.kwargs.tasks;
  return copy ? unrollBody(step) : null;
}

/** The first task of a chain takes its arguments. */
function ownStep(step: Step, args: readonly unknown[], { copy }: ChainPlace): Step {
  const own = copy ? copyStep(step) : step;
  if (args.length > 0 && !(copy && step.immutable)) own.args = [...args, ...own.args];
  return own;
}

/** The step that was put before, and the first of the results that lead to its own. */
type Previous = { readonly step: Step; readonly result: ResultNode } | null;

/** Puts a step before those that a chain has so far. */
function append(
  prepared: PreparedChain,
  task: Step,
  previous: Previous,
  place: ChainPlace,
  naming: Naming,
): Previous {
  const { rootId } = place;
  let step = task;
  let follower = previous?.result ?? null;
  if (task.subtask_type === 'group' && previous !== null) {
    step = chordOf(task.kwargs.tasks, previous.step, bodyOptions(previous.result, rootId));
    follower = detachBody(prepared);
  }
  const isLast = previous === null;
  const result = freeze(step, isLast ? { ...place, parentId: null } : { rootId }, naming);
  if (follower !== null && follower.parent === null) follower.parent = result;
  for (const errback of place.linkErrors ?? []) linkError(step, errback);
  prepared.tasks.push(step);
  prepared.results.push(result);
  return { step, result: step.subtask_type === 'chord' ? firstParent(result) : result };
}

function bodyOptions(result: ResultNode, rootId: unknown): Options {
  return result.children === null ? { task_id: result.id, root_id: rootId } : { root_id: rootId };
}

/** Takes a chord's body out of the chain again. @returns the result that follows the chord's, not linked any more. */
function detachBody({ tasks, results }: PreparedChain): ResultNode | null {
  tasks.pop();
  const body = results.pop();
  let follower = results.at(-1) ?? null;
  while (follower !== null && follower.parent !== body) follower = follower.parent;
  if (follower !== null) follower.parent = null;
  return follower;
}

function freezeTask(options: Options, place: Place, naming: Naming): ResultNode {
  options.task_id ??= place.id ?? naming.newId();
  if (place.rootId) options.root_id = place.rootId;
  if (place.parentId) options.parent_id = place.parentId;
  options.reply_to ??= naming.replyTo;
  if (place.groupId && options.group_id === undefined) options.group_id = place.groupId;
  if (place.chord) options.chord = place.chord;
  if (isGiven(place.groupIndex)) options.group_index = place.groupIndex;
  return taskResult(String(options.task_id));
}

function freezeChord(chord: ChordStep, place: Place, naming: Naming): ResultNode {
  const { body, header } = chord.kwargs;
  const group = Array.isArray(header) ? groupOf(headerTasks(chord)) : header;
  chord.kwargs.header = group;
  const { rootId, parentId } = place;
  const headerResult = freezeGroup(group, { rootId, parentId, chord: body }, naming);
  chord.options.task_id = group.options.task_id;
  if (naming.marksChords) markChord(chord.options);
  const result = freeze(body, { ...place, parentId: null }, naming);
  firstParent(result).parent = headerResult;
  return result;
}

/** In the order of Celery, which turns a nested group's tasks around. */
function flatten(tasks: readonly Step[]): Step[] {
  const stack = tasks.toReversed();
  const flat: Step[] = [];
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    if (step.subtask_type === 'group') for (const task of step.kwargs.tasks) stack.push(task);
    else if (step.subtask_type !== 'chain' || step.kwargs.tasks.length > 0) flat.push(step);
  }
  return flat;
}

/** A chain's steps; what comes first is a task and no chain or empty group, since it takes the arguments. */
function startOfChain(tasks: readonly Step[]): Step[] {
  const reversed = tasks.toReversed();
  let stripped: Step | undefined;
  for (let head = reversed.pop(); head !== undefined; head = reversed.pop()) {
    if (head.subtask_type === 'chain') pushAll(reversed, head.kwargs.tasks.toReversed());
    else if (isEmptyGroup(head)) stripped = head;
    else return [...reversed, head].reverse();
  }
  return stripped === undefined ? [] : [stripped];
}

function isEmptyGroup(step: Step): boolean {
  return step.subtask_type === 'group' && step.kwargs.tasks.length === 0;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function pushAll(steps: Step[], more: readonly Step[]): void {
  for (const step of more) steps.push(step);
}
