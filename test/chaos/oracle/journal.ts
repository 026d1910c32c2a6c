/** What was sent, and what is expected of it. */

/** What must have become of one task. */
export interface Expectation {
  readonly id: string;
  readonly kind: string;
  readonly state: 'SUCCESS' | 'FAILURE' | 'REVOKED';
  /** Class of the error of a failure. */
  readonly excType?: string;
  /** The value; undefined for any. */
  readonly result?: unknown;
  /** Whether its runs leave traces. A revoked task must leave none. */
  readonly leavesTrace: boolean;
  /** How often it is retried. */
  readonly retries?: number;
  /** Runs that it may have without any fault: copies of its message, deaths of its executor. Default 1. */
  readonly runs?: number;
  /** It must not begin before. */
  readonly notBefore?: number;
  /** A copy of its message must be kept in the dead queue. */
  readonly isDead?: boolean;
  /** Its result is the id of a task that it has sent, of which this is expected. */
  readonly sends?: Omit<Expectation, 'id'>;
  /** What a built-in task leaves in a store. */
  readonly leaves?: Stored;
}

export type Stored =
  | { readonly store: 'models'; readonly name: string }
  | { readonly store: 'datasets'; readonly name: string; readonly rows: number }
  | { readonly store: 'jobs'; readonly name: string };

/** One thing that was sent: a task, or a canvas of several. */
export interface Sending {
  readonly expected: readonly Expectation[];
  readonly sentAt: number;
  /** When the broker had confirmed all of it; null while it has not, or if it never did. */
  confirmedAt: number | null;
  /** Why it could not be sent. It may have arrived all the same. */
  refused: string | null;
  /** When the client was told of its end. */
  endedAt: number | null;
}

export interface Journal {
  readonly sendings: readonly Sending[];
  begin(expected: readonly Expectation[]): Sending;
  /** Tasks that are confirmed and have not ended, as far as the client knows. */
  inFlight(): number;
}

export function createJournal(): Journal {
  const sendings: Sending[] = [];
  return {
    sendings,
    begin(expected) {
      const sending: Sending = {
        ...{ expected, sentAt: Date.now() },
        ...{ confirmedAt: null, refused: null, endedAt: null },
      };
      sendings.push(sending);
      return sending;
    },
    inFlight: () =>
      sendings
        .filter(({ confirmedAt, endedAt }) => confirmedAt !== null && endedAt === null)
        .reduce((count, { expected }) => count + expected.length, 0),
  };
}
