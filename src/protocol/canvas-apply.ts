/** Applying signatures that were read: the messages of their tasks, in the order of publishing. */
import { InvalidTaskError } from '../errors.ts';
import { callOf, type Sender } from './canvas-call.ts';
import { freeze, freezeGroup, type Naming, prepareChain } from './canvas-freeze.ts';
import { markBody, takeMark } from './canvas-join.ts';
import { linkedBody, stripHeaders } from './canvas-link.ts';
import {
  groupResult,
  MAX_PARENTS,
  type ResultNode,
  type ResultTuple,
  taskResult,
  toTuple,
} from './canvas-result.ts';
import {
  type ChainStep,
  type ChordStep,
  copyStep,
  type GroupStep,
  groupOf,
  headerTasks,
  listOf,
  mergeOptions,
  type Options,
  type Step,
  type TaskStep,
  taskOf,
} from './canvas-step.ts';
import { unrollChords } from './canvas-unroll.ts';
import type { Fields } from './fields.ts';
import type { TaskCall } from './task-message.ts';

/** A chord that is sent. */
export interface Join {
  readonly groupId: string;
  /** Tasks of the header that end the chord when all have ended (Celery's chord size). */
  readonly size: number;
  /** The header's results, in the order in which the body takes them. */
  readonly header: ResultTuple;
  readonly body: Fields;
}

export interface Application extends Naming {
  readonly sender: Sender;
  /** How chords join, unless they are marked. */
  readonly chords: 'unlock' | 'join' | 'redis';
  readonly calls: TaskCall[];
  readonly joins: Join[];
  /** What the sending task has for children. */
  readonly children: ResultNode[];
}

/** What is added to a signature when it is applied. */
export interface Given {
  readonly args: readonly unknown[];
  readonly kwargs: Fields;
  readonly options: Options;
}

/** Seconds until a chord is looked after first (celery/canvas.py `_chord.run`). */
const UNLOCK_COUNTDOWN = 1;

/** @returns the result of the whole. */
export function applyStep(application: Application, step: Step, given: Given): ResultNode {
  switch (step.subtask_type) {
    case null:
      return applyTask(application, step, given);
    case 'chain':
      return applyChain(application, step, given);
    case 'group':
      return applyGroup(application, step, given);
    case 'chord':
      return applyChord(application, step, given);
  }
}

function applyTask(application: Application, step: TaskStep, given: Given): ResultNode {
  const options = mergeOptions(step.options, withoutNulls(given.options));
  const args = step.immutable ? step.args : [...given.args, ...step.args];
  const kwargs = step.immutable ? step.kwargs : { ...step.kwargs, ...given.kwargs };
  const taskId = String(options.task_id ?? application.newId());
  application.calls.push(callOf({ ...step, args, kwargs, options }, taskId, application.sender));
  const result = taskResult(taskId);
  addChild(application, options.add_to_parent, result);
  return result;
}

/** The first task is sent; the others travel with it (celery/canvas.py `_chain.run`). */
function applyChain(application: Application, chain: ChainStep, given: Given): ResultNode {
  const {
    group_id,
    group_index,
    chord,
    task_id,
    link,
    link_error,
    root_id,
    parent_id: _,
    ...rest
  } = {
    ...chain.options,
    ...given.options,
  };
  const place = {
    id: task_id as string | undefined,
    groupId: group_id,
    groupIndex: group_index,
    chord,
    rootId: root_id,
    linkErrors: listOf(link_error),
    copy: true,
  };
  const args = chain.immutable ? chain.args : [...given.args, ...chain.args];
  const { tasks, results } = prepareChain(chain, args, place, application);
  const [last] = tasks;
  const first = tasks.pop();
  if (first === undefined || last === undefined) throw emptyChain();
  const links = listOf(link);
  if (links.length > 0) last.options.link = [...listOf(last.options.link), ...links];
  const options = { ...rest, chain: [...listOf(rest.chain), ...tasks] };
  const sent = applyStep(application, first, { args: [], kwargs: {}, options });
  return tasks.length === 0 ? sent : (results[0] ?? sent);
}

/** Every task is sent, nested groups' too (celery/canvas.py `group.apply_async`). */
function applyGroup(application: Application, group: GroupStep, given: Given): ResultNode {
  const { add_to_parent, ...added } = given.options;
  if (listOf(added.link).length > 0 || listOf(added.link_error).length > 0) throw linkedGroup();
  const { task_id, group_index: _, ...options } = mergeOptions(group.options, added);
  if (group.kwargs.tasks.length === 0) return freezeGroup(group, {}, application);
  const groupId = String(task_id ?? application.newId());
  const members = membersOf(group, { groupId, rootId: options.root_id }, application);
  const results = members.map(({ step, result }) => {
    const chord = options.chord ?? step.options.chord ?? null;
    const own = { ...options, group_id: groupId, add_to_parent: false, chord };
    applyStep(application, step, { ...given, options: own });
    return result;
  });
  const [only] = results;
  const isGroupInGroup = results.length === 1 && only !== undefined && only.children !== null;
  const result = isGroupInGroup ? only : groupResult(groupId, results);
  addChild(application, add_to_parent, result);
  return result;
}

interface Member {
  readonly step: Step;
  readonly result: ResultNode;
}

function membersOf(
  group: GroupStep,
  place: { readonly groupId: string; readonly rootId: unknown },
  naming: Naming,
): Member[] {
  return group.kwargs.tasks.flatMap((task, groupIndex): Member[] => {
    const step = copyStep(task);
    if (step.subtask_type === 'group') return membersOf(step, place, naming);
    if (step.subtask_type === 'chain' && step.kwargs.tasks.length === 0) return [];
    return [{ step, result: freeze(step, { ...place, groupIndex }, naming) }];
  });
}

/** `celery.chord_unlock` is sent, then the header; without a header the body (celery/canvas.py `_chord.run`). */
function applyChord(application: Application, chord: ChordStep, given: Given): ResultNode {
  const opened = openChord(application, chord, given.options);
  const { header, body, options } = opened;
  const groupId = String(header.options.task_id);
  const rootId = body.options.root_id;
  const result = freeze(body, { id: opened.taskId, groupId, rootId }, application);
  stripHeaders(body);
  const headerResult = freezeGroup(header, { groupId, chord: body, rootId }, application);
  result.parent = headerResult;
  if (header.kwargs.tasks.length === 0) {
    applyStep(application, body, { args: [[]], kwargs: {}, options: {} });
    return result;
  }
  announce(application, opened, headerResult);
  const { chain: _, chord: __, ...rest } = options;
  result.parent = applyGroup(application, header, {
    args: chord.immutable ? chord.args : [...given.args, ...chord.args],
    kwargs: { ...chord.kwargs.kwargs, ...given.kwargs },
    options: { ...rest, task_id: groupId },
  });
  return result;
}

/** A chord on its way: copies of its parts, with all options where they belong. */
interface OpenChord {
  readonly header: GroupStep;
  readonly body: Step;
  /** Those of the header. */
  readonly options: Options;
  /** Id of the body, if it has none. */
  readonly taskId: string;
  /** Arguments of `celery.chord_unlock`. */
  readonly interval: unknown;
  readonly maxRetries: unknown;
  readonly marked: boolean;
}

/** What delays a chord delays its header; every other option is the body's too. */
function openChord(naming: Naming, chord: ChordStep, given: Options): OpenChord {
  const own = { ...chord.options };
  const marked = takeMark(own);
  const { task_id, link, link_error, countdown, eta, ...options } = { ...own, ...given };
  const { parent_id: _, ...bodyOptions } = options;
  const body = linkedBody(copyStep(chord.kwargs.body), listOf(link), listOf(link_error));
  Object.assign(body.options, bodyOptions);
  if (body.subtask_type === 'chain') unrollChords(body);
  const header = groupOf([...headerTasks(chord)], { task_id: chord.options.task_id ?? naming.newId() });
  return {
    header,
    body,
    options: { ...options, ...withoutNulls({ countdown, eta }) },
    taskId: String(task_id ?? naming.newId()),
    interval: options.interval ?? null,
    maxRetries: options.max_retries ?? null,
    marked,
  };
}

/** Says to whom it concerns that a header is coming. */
function announce(application: Application, chord: OpenChord, headerResult: ResultNode): void {
  const { body, header, marked } = chord;
  const groupId = String(header.options.task_id);
  const results = headerResult.children ?? [];
  const joins = marked || application.chords === 'join';
  // Results of groups in the header have places of their own there: only the results themselves tell when all are in.
  const isFlat = results.every(({ children }) => children === null);
  if (joins && isFlat) markBody(body.options, groupId, results.length);
  const size = header.kwargs.tasks.reduce((sum, task) => sum + chordSize(task), 0);
  application.joins.push({ groupId, size, header: toTuple(headerResult, MAX_PARENTS), body: { ...body } });
  if (application.chords !== 'redis') sendUnlock(application, chord, results, joins && isFlat);
}

/** celery/backends/base.py `fallback_chord_unlock`. One that joins our way need not wait. */
function sendUnlock(
  application: Application,
  { body, header, interval, maxRetries }: OpenChord,
  results: readonly ResultNode[],
  joins: boolean,
): void {
  const { queue = application.sender.queue, exchange, routing_key, headers, priority } = body.options;
  const step = taskOf('celery.chord_unlock', {
    interval,
    max_retries: maxRetries,
    result: results.map((result) => toTuple(result, MAX_PARENTS)),
    _chord_unlock_exchange_type: 'direct',
  });
  const options = {
    ...{ queue, exchange, routing_key, headers, priority, ignore_result: true },
    ...(joins ? {} : { countdown: UNLOCK_COUNTDOWN }),
  };
  const taskId = application.newId();
  const call = { ...step, args: [header.options.task_id, body], options };
  application.calls.push(callOf(call, taskId, application.sender));
  addChild(application, true, taskResult(taskId));
}

/** Tasks that end a chord when they have ended (celery/canvas.py `_chord._descend`). */
function chordSize(step: Step): number {
  switch (step.subtask_type) {
    case null:
      return 1;
    case 'group':
      return step.kwargs.tasks.reduce((sum, task) => sum + chordSize(task), 0);
    case 'chord':
      return chordSize(step.kwargs.body);
    case 'chain':
      return chordSize(step.kwargs.tasks.at(-1) ?? groupOf([]));
  }
}

function addChild({ children }: Application, addToParent: unknown, result: ResultNode): void {
  if (addToParent !== false) children.push(result);
}

/** Options set to null are left out (celery/canvas.py `Signature.apply_async`). */
function withoutNulls(options: Options): Options {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== null && value !== undefined),
  );
}

function emptyChain(): InvalidTaskError {
  return new InvalidTaskError('a chain without tasks cannot be sent: give it at least one');
}

function linkedGroup(): InvalidTaskError {
  return new InvalidTaskError('a group cannot be linked: link its tasks, or make it a chord');
}
