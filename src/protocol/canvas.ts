/**
 * What a signature comes to when it is applied (celery/canvas.py `apply_async`): the messages of its tasks, with
 * their ids, in the order in which they are published.
 */
import type { SignatureFields } from '../contract/signature.ts';
import type { TaskCall } from './task-message.ts';

/** Celery's result tuple, `[[id, parent], children]`. */
export type ResultTuple = readonly [readonly [string, ResultTuple | null], readonly ResultTuple[] | null];

/** Who applies a signature. */
export interface Applier {
  /** The task that sends it, null for a client. */
  readonly parent: {
    readonly taskId: string;
    readonly rootId: string | null;
    readonly priority: number | null;
  } | null;
  /** Reply queue for tasks whose options name none. */
  readonly replyTo: string;
  /** Queue for tasks whose options name none. */
  readonly queue: string;
  /** `gen<pid>@<host>`. */
  readonly origin: string;
  readonly now: Date;
  /** The id of the n-th task that has none: the same each time for a worker, random for a client. */
  newId(n: number): string;
}

/** A chord of ours, which joins as soon as its last header task is stored. */
export interface Join {
  readonly groupId: string;
  /** Ids of the header's results, in the order in which the body takes them. */
  readonly taskIds: readonly string[];
}

export interface Applied {
  readonly calls: readonly TaskCall[];
  readonly result: ResultTuple;
  /** To be noted before the calls are published. */
  readonly joins: readonly Join[];
}

/** Options of one application; they win over the signature's own. */
export interface ApplyOptions {
  /** Positional arguments before the signature's own; an immutable signature takes none. */
  readonly args?: readonly unknown[];
  readonly options?: Readonly<Record<string, unknown>>;
}

/** @throws ProtocolError for a signature that is none, InvalidTaskError for an empty chord or chain. */
export declare function applySignature(
  signature: SignatureFields,
  applier: Applier,
  options?: ApplyOptions,
): Applied;
