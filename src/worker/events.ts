/** What other programs hear of the tasks in this worker (Celery's task events). */
import type { ErrorRecord, JsonText } from '../contract/job.ts';
import type { Request } from './node.ts';

/** One function for each event; none waits, and none throws. */
export interface TaskEvents {
  received(request: Request): void;
  started(request: Request): void;
  /** `seconds`: its run time. */
  succeeded(request: Request, result: JsonText, seconds: number): void;
  failed(request: Request, error: ErrorRecord): void;
  retried(request: Request, error: ErrorRecord): void;
  revoked(
    request: Request,
    how: { readonly terminated: boolean; readonly signum: number | null; readonly expired: boolean },
  ): void;
  rejected(request: Request, how: { readonly requeue: boolean }): void;
}

/** Nobody listens. */
export function silentEvents(): TaskEvents {
  const nothing = (): void => undefined;
  return {
    received: nothing,
    started: nothing,
    succeeded: nothing,
    failed: nothing,
    retried: nothing,
    revoked: nothing,
    rejected: nothing,
  };
}
