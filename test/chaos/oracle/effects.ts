/** What the tasks of the stream leave behind in MongoDB: a document for each of their runs. */
export const EFFECTS = 'chaos_effects';

export interface Effect {
  /** A token of the run. */
  readonly _id: string;
  /** Its task's id. */
  readonly task: string;
  readonly retries: number;
  readonly worker: string;
  readonly pid: number;
  /** When it began. */
  readonly at: Date;
}
