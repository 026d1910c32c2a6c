/** The trace of a task's run in this worker. */
import { FAILURE, IGNORED, REJECTED, RETRY, REVOKED, SUCCESS } from '../protocol/states.ts';
import { type TracedEnd, traceRun } from '../tracing.ts';
import type { Request } from './node.ts';
import type { Conclusion } from './report.ts';

/** What the conclusions are called in traces (`celery.state`). */
const STATES = {
  success: SUCCESS,
  failure: FAILURE,
  retry: RETRY,
  replaced: IGNORED,
  ignored: IGNORED,
  rejected: REJECTED,
  revoked: REVOKED,
  duplicate: SUCCESS,
} as const satisfies Record<Conclusion['kind'], string>;

export async function traceRequest<End extends { readonly conclusion: Conclusion | null }>(
  { message, delivery }: Request,
  run: () => Promise<End>,
): Promise<End> {
  const { taskId, taskName, headers } = message;
  const task = { taskId, taskName, headers, queue: delivery.alias };
  return await traceRun(task, run, ({ conclusion }) => conclusion && endOf(conclusion));
}

function endOf(conclusion: Conclusion): TracedEnd {
  const state = STATES[conclusion.kind];
  return conclusion.kind === 'failure' ? { state, error: conclusion.error.excType } : { state };
}
