/** Where the results of tasks go. */
import type { ResultMeta, TaskResult } from '../protocol/result.ts';

export interface ResultBackend {
  /**
   * Stores or sends a state of a task; done when it is durable there. May be called again with the same
   * state: the outcome is the same.
   *
   * @throws MessageTooLarge before anything is written.
   * @throws OperationalError if the service cannot be reached now.
   * @throws BackendStoreError if the service refuses.
   */
  store(result: TaskResult): Promise<void>;

  /** Waits for what is on its way. Connections that were handed in stay open. */
  close(): Promise<void>;
}

/** A result backend that can be read. */
export interface ResultStore extends ResultBackend {
  /**
   * Reads what is stored of a task, null if nothing is (Celery: PENDING).
   *
   * @throws OperationalError if the service cannot be reached now.
   * @throws ProtocolError if the result was stored by a serializer other than JSON.
   */
  fetchResult(taskId: string): Promise<ResultMeta | null>;
}
