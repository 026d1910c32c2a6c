/** The states of a task (celery/states.py). A task may also set states of its own, such as PROGRESS. */

/** Nothing is known of the task: it waits, or does not exist. */
export const PENDING = 'PENDING';
/** A worker has it; only Celery itself stores this. */
export const RECEIVED = 'RECEIVED';
export const STARTED = 'STARTED';
/** It failed and will run again. */
export const RETRY = 'RETRY';
export const SUCCESS = 'SUCCESS';
export const FAILURE = 'FAILURE';
export const REVOKED = 'REVOKED';
/** A worker has given it back. */
export const REJECTED = 'REJECTED';
/** It has ended without a result. */
export const IGNORED = 'IGNORED';

/** Celery's `READY_STATES`: the task has ended, and its result does not change any more. */
export const READY_STATES: readonly string[] = [SUCCESS, FAILURE, REVOKED];

/** Celery's `EXCEPTION_STATES`: the result is an exception. */
const EXCEPTION_STATES: readonly string[] = [RETRY, FAILURE, REVOKED];

/** Whether the task has ended. */
export function isReady(state: string): boolean {
  return READY_STATES.includes(state);
}

/** Whether the result of a task in this state is an exception (see exception.ts). */
export function isException(state: string): boolean {
  return EXCEPTION_STATES.includes(state);
}
