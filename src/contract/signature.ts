/**
 * Signatures: calls of tasks that are not made yet (celery/canvas.py). A signature is data in the form in which
 * Celery sends it, so that it goes through JSON, IPC and Python unchanged.
 */

/** What a chain, group or chord is made of; null for a single task. */
export type SubtaskType = 'group' | 'chain' | 'chord' | 'map' | 'starmap' | 'chunks' | 'xmap' | 'xstarmap';

/** The wire form. Names are Celery's. */
export interface SignatureFields {
  /** Task name; `celery.chain`, `celery.group`, `celery.chord` for a canvas. */
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** `task_id`, `queue`, `countdown`, `link`, `link_error`, `reply_to`, `stamped_headers`, …, by Celery's names. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly subtask_type: SubtaskType | null;
  /** Takes no result of the task before it. */
  readonly immutable: boolean;
}

declare const types: unique symbol;

/**
 * A call of a task, or of several.
 *
 * @typeParam Before - what it takes from the task before it in a chain; `void` for one that needs nothing.
 * @typeParam Result - what it gives.
 */
export interface Signature<Before, Result> extends SignatureFields {
  /** Types only; there is no such field. */
  readonly [types]?: { before(value: Before): void; readonly result: Result };
}

/** A signature of whatever types. */
export type AnySignature = SignatureFields;
