/** Joining a chord: its body is sent with the results of its header, or fails when one of them did. */
import type { ErrorRecord } from '../contract/job.ts';
import { ChordError, MessageTooLarge } from '../errors.ts';
import { applyRead, type ResultTuple } from '../protocol/canvas.ts';
import { readStep } from '../protocol/canvas-step.ts';
import { recordFromResult, toErrorRecord } from '../protocol/exception.ts';
import type { Fields } from '../protocol/fields.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { MAX_MESSAGE_BYTES, type ResultMeta } from '../protocol/result.ts';
import { isReady, SUCCESS } from '../protocol/states.ts';
import type { Consequence } from './consequence.ts';
import { bodyFailures, isMalformed } from './failing.ts';
import type { WorkerNode } from './node.ts';
import { applierOf, type Parent } from './sender.ts';

/** A chord whose header has been sent. */
export interface SentChord {
  readonly body: Fields;
  /** The results of the header. */
  readonly results: readonly ResultTuple[];
  /** The `celery.chord_unlock` that asks for the join: it is the body's parent. */
  readonly parent: Parent;
}

/** States that are read at a time. */
const BATCH = 500;

/**
 * Whether these tasks have all ended; no more is read than it takes to know. A result that cannot be read is one, and
 * fails the join.
 */
export async function haveEnded({ backend }: WorkerNode, taskIds: readonly string[]): Promise<boolean> {
  try {
    for (let start = 0; start < taskIds.length; start += BATCH) {
      const ids = taskIds.slice(start, start + BATCH);
      const states = await backend.fetchStates(ids);
      if (!ids.every((id) => isReady(states.get(id) ?? ''))) return false;
    }
    return true;
  } catch (error) {
    if (isMalformed(error)) return true;
    throw error;
  }
}

/** What follows from a header that has ended (celery/app/builtins.py `unlock_chord`). */
export async function joinChord(
  node: WorkerNode,
  chord: SentChord,
  isCopy: boolean,
): Promise<readonly Consequence[]> {
  try {
    const leaves = leavesOf(chord.results);
    const failed = await findFailed(node, leaves);
    const told = failed && (await readHeader(node, chord, failed)).failure;
    if (told) return failBody(chord, told);
    // All of them also where what had failed has succeeded by now.
    const { results, failure } = await readHeader(node, chord, leaves);
    if (failure) return failBody(chord, failure);
    const values = chord.results.map((tuple) => valueIn(tuple, results));
    return sendBody(node, chord, values, isCopy);
  } catch (error) {
    return unjoined(chord.body, error);
  }
}

/** The ids of the tasks in a header's results, also of those in groups. */
export function leavesOf(results: readonly ResultTuple[]): readonly string[] {
  return results.flatMap(([[id], children]) => (children === null ? [id] : leavesOf(children)));
}

/** The body with what it takes; one that cannot be sent fails. */
export function sendBody(
  node: WorkerNode,
  { body, parent }: Pick<SentChord, 'body' | 'parent'>,
  values: readonly unknown[],
  isCopy: boolean,
): readonly Consequence[] {
  try {
    const applied = applyRead(readStep(body), applierOf(node, parent, 'body'), { args: [values] });
    return [{ kind: 'send', applied, isCopy }];
  } catch (error) {
    return unjoined(body, error);
  }
}

/** What cannot be read, makes no sense, or is too large for the body's message, fails the body. */
function unjoined(body: Fields, error: unknown): readonly Consequence[] {
  if (!isMalformed(error) && !(error instanceof MessageTooLarge)) throw error;
  const reason = chordError(error.message);
  return bodyFailures(body, reason, reason);
}

/** What the body fails with. */
export function chordError(message: string): ErrorRecord {
  return { ...toErrorRecord(new ChordError(message)), traceback: null };
}

/** Why the first one failed that did is all that is read then; null when every one has succeeded. */
async function findFailed(
  { backend }: WorkerNode,
  taskIds: readonly string[],
): Promise<readonly [string] | null> {
  const states = await backend.fetchStates(taskIds);
  const failed = taskIds.find((id) => states.get(id) !== SUCCESS);
  return failed === undefined ? null : [failed];
}

/** These results of a header, and the first failure among them. */
async function readHeader(
  { backend }: WorkerNode,
  { results: header }: SentChord,
  taskIds: readonly string[],
) {
  const results = await backend.fetchInline(taskIds, MAX_MESSAGE_BYTES);
  return { results, failure: failureIn(header, new Set(taskIds), results) };
}

function failBody({ body }: SentChord, { message, cause }: HeaderFailure): readonly Consequence[] {
  return bodyFailures(body, chordError(message), cause);
}

interface HeaderFailure {
  readonly message: string;
  readonly cause: ErrorRecord;
}

/** The first failure in the order of the header. Celery names its task, but not that of a group in the header. */
function failureIn(
  header: readonly ResultTuple[],
  read: ReadonlySet<string>,
  results: ReadonlyMap<string, ResultMeta>,
): HeaderFailure | null {
  for (const tuple of header) {
    const isGroup = tuple[1] !== null;
    for (const id of leavesOf([tuple])) {
      const cause = read.has(id) ? causeOf(results.get(id)) : null;
      if (cause === null) continue;
      const raised = `${cause.excType}(${cause.excMessage.map((part) => pythonRepr(part)).join(', ')})`;
      return { message: isGroup ? raised : `Dependency ${id} raised ${raised}`, cause };
    }
  }
  return null;
}

/** Null for a task that has succeeded, with a value that can be passed on. */
function causeOf(result: ResultMeta | undefined): ErrorRecord | null {
  if (result === undefined) return chordError('its result is gone, or was never stored');
  if (result.state !== SUCCESS) return recordFromResult(result.result, result.traceback);
  return result.large ? chordError('its result is too large to be passed on') : null;
}

function valueIn([[id], children]: ResultTuple, results: ReadonlyMap<string, ResultMeta>): unknown {
  return children === null
    ? (results.get(id)?.result ?? null)
    : children.map((child) => valueIn(child, results));
}
