/** Where the results of tasks go. */
import type { ResultMeta, TaskResult } from '../protocol/result.ts';
import { JSON_RESULTS, type ResultContent } from '../protocol/result-content.ts';
import type { ChordCounter } from './chord-counter.ts';

export interface ResultBackend {
  /**
   * Stores or sends a state of a task; done when it is durable there. May be called again with the same
   * state: the outcome is the same.
   *
   * @throws MessageTooLarge, EncodeError before anything is written.
   * @throws OperationalError if the service cannot be reached now.
   * @throws BackendStoreError if the service refuses.
   */
  store(result: TaskResult): Promise<void>;

  /** Waits for what is on its way. Connections that were handed in stay open. */
  close(): Promise<void>;
}

/** How results are kept, written and read. */
export interface ResultOptions {
  /** Seconds after which a stored result may be removed, 0 for never. */
  readonly expires: number;
  /** Default: JSON alone. */
  readonly content?: ResultContent;
  /** Whether replies survive a restart of the broker. Default false. */
  readonly persistent?: boolean;
}

/** Results that are kept until somebody removes them. */
export const NEVER: ResultOptions = { expires: 0 };

export function contentOf({ content = JSON_RESULTS }: Pick<ResultOptions, 'content'>): ResultContent {
  return content;
}

/** A result backend that can be read. */
export interface ResultStore extends ResultBackend {
  /**
   * Reads what is stored of a task, null if nothing is (Celery: PENDING).
   *
   * @throws OperationalError if the service cannot be reached now.
   * @throws ProtocolError if the result was stored by a serializer that is not accepted.
   */
  fetchResult(taskId: string): Promise<ResultMeta | null>;
  /** Reads many at once; tasks of which nothing is stored are left out. @throws as `fetchResult`. */
  fetchResults(taskIds: readonly string[]): Promise<ReadonlyMap<string, ResultMeta>>;
  /** The states alone, by task id: no value is read. Tasks of which nothing is stored are left out. */
  fetchStates(taskIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /**
   * As `fetchResults`, but a value that lies in GridFS stays there: `large` says where.
   *
   * @param limit - bytes of all values together.
   * @throws MessageTooLarge once they have more; no more is read then.
   */
  fetchInline(taskIds: readonly string[], limit: number): Promise<ReadonlyMap<string, ResultMeta>>;
  /** Removes what is stored of a task (Celery's `forget`). */
  forgetResult(taskId: string): Promise<void>;
  /** Notes the members of a group, as Celery's `GroupResult.save` does. */
  saveGroup(groupId: string, taskIds: readonly string[]): Promise<void>;
  /** The members of a saved group, null if there is none of this id. @throws as `fetchResult`. */
  fetchGroup(groupId: string): Promise<readonly string[] | null>;
  /** Removes what has expired (`celery.backend_cleanup`). Does nothing where results never expire. */
  cleanup(now?: Date): Promise<void>;
  /**
   * Calls the listener whenever a state of the task is stored, from when the promise resolves until what it gives is
   * called; only where the service tells of it. A state may be told of twice, or be lost with a connection.
   */
  watch?(taskId: string, listener: (result: ResultMeta) => void): Promise<() => void>;
  /** Chords that are counted in the backend, only where Celery counts them there. */
  readonly chords?: ChordCounter;
}
