/**
 * What a signature comes to when it is applied (celery/canvas.py `apply_async`): the messages of its tasks, with
 * their ids, in the order in which they are published.
 */
import type { SignatureFields } from '../contract/signature.ts';
import { InvalidTaskError } from '../errors.ts';
import { type Application, applyStep, type Join } from './canvas-apply.ts';
import type { Sender } from './canvas-call.ts';
import { checkGrowth } from './canvas-limits.ts';
import { MAX_PARENTS, type ResultTuple, toTuple } from './canvas-result.ts';
import { groupOf, MAX_TASKS, readStep, type Step, taskOf } from './canvas-step.ts';
import { type Fields, isFields, wrong } from './fields.ts';
import type { TaskCall } from './task-message.ts';

export type { ResultTuple } from './canvas-result.ts';

/** Who applies a signature. */
export interface Applier extends Sender {
  /**
   * How chords join:
   *
   * - `unlock`: Celery's way where the result backend cannot join by itself (`mongodb://`);
   * - `join`: ours, also for the chords in it that workers will send;
   * - `redis`: the result backend counts; `joins` says what it must know before.
   *
   * A chord that came from a client of ours joins our way, unless this is `redis`.
   */
  readonly chords: Application['chords'];
  /** The id of the n-th task that has none: the same each time for a worker, random for a client. */
  newId(n: number): string;
}

export interface Applied {
  /** To be published one after the other. */
  readonly calls: readonly TaskCall[];
  /** The result of the whole. */
  readonly result: ResultTuple;
  /** What a task that sends this has for children. */
  readonly children: readonly ResultTuple[];
  /** The chords that are sent. With `redis` their sizes must be set before the calls are published. */
  readonly joins: readonly Join[];
}

/** What is added to a signature when it is applied. */
export interface ApplyOptions {
  /** Positional arguments before the signature's own; an immutable signature takes none. */
  readonly args?: readonly unknown[];
  /** Options by Celery's names; they win over the signature's own. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/**
 * @throws ProtocolError for a signature that is none, InvalidTaskError for an empty chain, a canvas of more than
 *   100,000 tasks, one nested more than 64 deep, or one that grows beyond measure when it is sent.
 */
export function applySignature(
  signature: SignatureFields,
  applier: Applier,
  { args = [], options = {} }: ApplyOptions = {},
): Applied {
  return applyRead(readSignature(signature), applier, { args, options });
}

/** As {@link applySignature}, of a signature that was read. Changes nothing in it but ids that it did not have. */
export function applyRead(
  step: Step,
  applier: Applier,
  { args = [], options = {} }: ApplyOptions = {},
): Applied {
  checkGrowth(step);
  let ids = 0;
  const application: Application = {
    sender: applier,
    chords: applier.chords,
    joins: [],
    marksChords: applier.chords === 'join',
    replyTo: applier.replyTo,
    calls: [],
    children: [],
    newId() {
      ids += 1;
      return applier.newId(ids - 1);
    },
  };
  const result = toTuple(applyStep(application, step, { args, kwargs: {}, options: { ...options } }));
  const children = application.children.map((child) => toTuple(child, MAX_PARENTS));
  return { calls: application.calls, result, children, joins: application.joins };
}

/** Reads a signature that is to be applied: chunks, which have no form on the wire, become a group. */
function readSignature(signature: SignatureFields): Step {
  return isFields(signature) && signature.subtask_type === 'chunks'
    ? chunksOf(signature.kwargs, signature.options ?? {})
    : readStep(signature);
}

/**
 * A group of starmaps over parts of a list (celery/canvas.py `chunks.group`).
 *
 * @throws ProtocolError unless `{task, it, n}` is given, InvalidTaskError if there are too many parts.
 */
export function chunksOf(kwargs: Fields, options: Fields = {}): Step {
  const { task, it, n } = kwargs;
  if (!Array.isArray(it)) return wrong(it, 'it', 'chunks', 'a list');
  if (typeof n !== 'number' || !Number.isSafeInteger(n) || n < 1)
    return wrong(n, 'n', 'chunks', 'an integer over 0');
  if (it.length / n > MAX_TASKS) {
    throw new InvalidTaskError(`chunks of ${n} make more than ${MAX_TASKS} tasks: make them larger`);
  }
  const parts = Array.from({ length: Math.ceil(it.length / n) }, (_, index) =>
    it.slice(index * n, (index + 1) * n),
  );
  const steps = parts.map((part) => ({ ...taskOf('celery.starmap', { task, it: part }), immutable: true }));
  return groupOf(steps, { ...options });
}
