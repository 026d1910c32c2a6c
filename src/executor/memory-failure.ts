/** Failures for want of memory, told as what they are. */
import type { Outcome } from '../contract/job.ts';
import { OutOfMemory } from '../errors.ts';
import { toErrorRecord } from '../protocol/exception.ts';

/** How V8, Node and C++ (ONNX) say that an allocation was refused. */
const REFUSED = /Array buffer allocation failed|Failed to allocate memory|std::bad_alloc/;

/**
 * The outcome of a task; where an allocation was refused, with what it may take and what to do.
 *
 * @param limit KiB that the executor may take; null for no limit.
 */
export function explainMemory(outcome: Outcome, taskName: string, limit: number | null): Outcome {
  if (outcome.kind !== 'failure' || !REFUSED.test(String(outcome.error.excMessage[0]))) return outcome;
  const most = limit === null ? 'there is' : `the ${limit} KiB that an executor may take`;
  const error = new OutOfMemory(
    `task '${taskName}' needs more memory than ${most}: give it less to do at once, raise OMEGA_WORKER_MEMORY_LIMIT, or give the worker more memory or fewer slots`,
  );
  return { kind: 'failure', error: { ...toErrorRecord(error), traceback: outcome.error.traceback } };
}
