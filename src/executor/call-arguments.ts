import type { Job } from '../contract/job.ts';
import { InvalidTaskError } from '../errors.ts';
import { parseJson } from '../protocol/json.ts';

/** What a client passed to a task. */
export interface CallArguments {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/**
 * Reads a message body, `[args, kwargs, embed]` (Celery's message protocol 2).
 *
 * @throws ProtocolError when the body is no JSON.
 * @throws InvalidTaskError when it holds no arguments.
 */
export function readArguments({ taskName, body }: Job): CallArguments {
  const content = parseJson(body);
  const [args, kwargs] = Array.isArray(content) ? content : [];
  if (Array.isArray(args) && isObject(kwargs)) return { args, kwargs };
  throw new InvalidTaskError(
    `task '${taskName}': the message body is not [args, kwargs, embed]: send it with Celery's message protocol 2`,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
