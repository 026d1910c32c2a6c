/** What the stream is made of. */
import type { AnySignature } from '../../../src/contract/signature.ts';
import type { CallOptions, Omega } from '../../../src/index.ts';
import type { Expectation } from '../oracle/journal.ts';
import type { Random } from '../random.ts';

/** Something that is on its way. */
interface Handle {
  /** Resolves when the broker has confirmed all of it. */
  readonly sent: Promise<void>;
  /** Resolves with its result, rejects with why there is none. */
  get(): Promise<unknown>;
}

/** Something to send, and what is expected of each task in it. */
export interface Unit {
  readonly expected: readonly Expectation[];
  send(om: Omega): Handle;
}

export interface Kind {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  make(random: Random, om: Omega): Unit | Promise<Unit>;
}

/** A unit of one signature. */
export function unitOf(
  signature: AnySignature,
  expected: readonly Expectation[],
  options?: CallOptions,
): Unit {
  return { expected, send: (om) => om.runtime.apply(signature, options) };
}
