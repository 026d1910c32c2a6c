import type { Job, JsonText } from '../contract/job.ts';
import { stringifyJson } from '../protocol/json.ts';
import { assertSize } from '../protocol/result.ts';

/**
 * What a run hands to the supervisor besides its result.
 *
 * @param what - for the error: `the replacement`.
 * @throws EncodeError for what JSON cannot hold, MessageTooLarge for what the supervisor has no room for.
 */
export function textForSupervisor({ taskId, resultLimit }: Job, what: string, value: unknown): JsonText {
  const text = stringifyJson(value);
  assertSize(`${what} of task ${taskId}`, text, resultLimit);
  return text;
}
