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
  /** Notes a part (Celery's `on_chord_part_return`); a claim if it was the last one. */
  addPart(part: ChordPart): Promise<ChordClaim | null>;
}

/** What is done with a chord that is complete. */
export interface ChordEnd {
  /** Sends the body with the results of the header. */
  send(values: readonly unknown[]): Promise<void>;
  /** Stores the body as failed with a ChordError, and sends its errbacks. */
  fail(message: string): Promise<void>;
}

/**
 * Finishes a claimed chord, before the last part's delivery is acknowledged. What `send` and `fail` throw leaves the
 * chord as it is: the part comes again, and claims it again once this claim has run out.
 */
export async function finishChord(claim: ChordClaim, { send, fail }: ChordEnd): Promise<void> {
  if (claim.outcome.kind === 'failed') {
    await fail(claim.outcome.message);
    await claim.drop();
    return;
  }
  // Another worker has it, if this one took too long.
  if (!(await claim.extend())) return;
  await send(claim.outcome.values);
  await claim.end();
}
