/** How a dispatched job ended, seen from outside its executor. */
import type { Job, Outcome } from '../contract/job.ts';
import type { DispatchOptions } from './executors.ts';

export type Ending =
  | Outcome
  /** It ran past its hard time limit; its executor was killed. */
  | { readonly kind: 'time-limit'; readonly seconds: number }
  /** Its executor took more memory than it may, `limit` KiB, and was killed. */
  | { readonly kind: 'memory-limit'; readonly bytes: number; readonly limit: number }
  /**
   * Its executor died. `started` is false for a job that was never begun although it was given to several
   * executors in turn. `detail` says how: `signal SIGKILL`, `exit code 7`.
   */
  | { readonly kind: 'lost'; readonly started: boolean; readonly detail: string }
  /** It was ended by `terminate`. */
  | { readonly kind: 'terminated' }
  /** It was recalled before it started. */
  | { readonly kind: 'returned' };

/** A job on its way through the executors, and where its ending goes. */
export interface Assignment extends DispatchOptions {
  readonly job: Job;
  readonly end: (ending: Ending) => void;
  /** Milliseconds since 1970, null until its executor reported its start. */
  startedAt: number | null;
  /** How it ends if it comes back unstarted; null: it is dispatched again. */
  recalledAs: 'returned' | 'terminated' | null;
  /** Executors that died when they should have started it next. */
  deaths: number;
}
