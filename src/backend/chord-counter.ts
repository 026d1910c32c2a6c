/** Chords that the result backend counts: the worker of the last part sends the body. */
import type { JsonText } from '../contract/job.ts';
import type { ResultTuple } from '../protocol/canvas.ts';

/** How one task of a chord's header ended. */
export interface ChordPart {
  readonly groupId: string;
  /** Its place in the header, null if the message does not say. */
  readonly groupIndex: number | null;
  readonly taskId: string;
  readonly state: string;
  /** The value, or the exception dict. */
  readonly result: JsonText;
}

/** What the header came to: the values for the body, in their order, or why there are none. */
export type ChordOutcome =
  | { readonly kind: 'joined'; readonly values: readonly unknown[] }
  /** The message of the ChordError that the body fails with. */
  | { readonly kind: 'failed'; readonly message: string };

/** A chord that is complete, and is for this worker to finish. Who does not finish in time loses it to another. */
export interface ChordClaim {
  readonly outcome: ChordOutcome;
  /** Whether somebody had claimed it before, and may have sent the body. */
  readonly isCopy: boolean;
  /** To be asked just before the body is sent; false: it is not this worker's any more. */
  extend(): Promise<boolean>;
  /** The body is sent, or has failed while it was sent. */
  end(): Promise<void>;
  /** The body has failed because of its header. */
  drop(): Promise<void>;
}

export interface ChordCounter {
  /** Announces a chord: to be called before its header is sent (Celery's `set_chord_size`). */
  begin(groupId: string, size: number): Promise<void>;
  /** Notes a header that has groups in it, whose results the body takes as lists (Celery's `apply_chord`). */
  saveHeader(header: ResultTuple): Promise<void>;
  /**
   * Notes a part (Celery's `on_chord_part_return`); a claim if it was the last one.
   *
   * @throws OperationalError while another one has the claim: to be called again, since it may never finish.
   */
  addPart(part: ChordPart): Promise<ChordClaim | null>;
}
