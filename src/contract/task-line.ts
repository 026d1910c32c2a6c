import type { JsonText } from './job.ts';

/** How a running task reaches its supervisor, from whichever thread it runs in. */
export interface TaskLine {
  /** Reports a state of the task's own, with what belongs to it. */
  progress(state: string, meta: JsonText): void;
  /**
   * Sends a signature, given as JSON text; resolves with the id of the task whose result is that of the whole.
   *
   * @throws what the supervisor met when it sent it.
   */
  send(signature: JsonText): Promise<string>;
}
