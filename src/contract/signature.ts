/**
 * Signatures: calls of tasks that are not made yet (celery/canvas.py). A signature is data in the form in which
 * Celery sends it, so that it goes through JSON, IPC and Python unchanged. They are made by canvas.ts.
 */

/** What a chain, group or chord is made of; null for a single task. */
type SubtaskType = 'group' | 'chain' | 'chord' | 'map' | 'starmap' | 'chunks' | 'xmap' | 'xstarmap';

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

/** What a signature takes that stands at the start of a chain, or alone. */
export type Nothing = undefined;

/** What a signature gives: one result, the results of a group, or those of a group at the end of a chain. */
export type SignatureKind = 'task' | 'group' | 'chain of a group';

/**
 * A call of a task, or of several.
 *
 * @typeParam Before - what it takes from the task before it in a chain; {@link Nothing} for one that stands at the
 *   start, `unknown` for one that goes anywhere.
 * @typeParam Result - what it gives.
 */
export interface Signature<Before, Result, Kind extends SignatureKind = 'task'> extends SignatureFields {
  /** Types only; there is no such field. */
  readonly [types]?: {
    readonly before: (value: Before) => void;
    readonly result: Result;
    readonly kind: Kind;
  };
}

/** A signature of whatever types, for example one that was read from JSON. */
export type AnySignature = SignatureFields;

/** What a signature takes from the task before it. */
export type BeforeOf<S> = S extends Signature<infer Before, infer _Result, infer _Kind> ? Before : never;

/** What a signature gives. */
export type ResultOf<S> = S extends Signature<infer _Before, infer Result, infer _Kind> ? Result : never;

/** See {@link SignatureKind}. */
export type KindOf<S> = S extends Signature<infer _Before, infer _Result, infer Kind> ? Kind : never;

/** The signature itself if it can take `Value` from the task before it; else one that could, for the error. */
export type Taking<S, Value> = [Value] extends [BeforeOf<S>] ? S : Signature<Value, ResultOf<S>>;
