/** JavaScript stacks in the form of Python tracebacks, which is what readers of Celery results expect. */
import { OmegaError } from '../errors.ts';

/** Causes beyond this one are left out; also ends a cycle of causes. */
const MAX_CAUSES = 5;

/** `at fn (file:///a/b.js:10:5)`, `at async fn (…)`, `at file:///a/b.js:10:5`. */
const FRAME = /^at (?:(.+) \()?(.+?):(\d+):(\d+)\)?$/;

/**
 * The error's stack, most recent call last, after the stacks of its causes:
 *
 * ```text
 * Traceback (most recent call last):
 *   File "/app/tasks.js", line 10, column 5, in fit
 * TypeError: rows is not iterable
 * ```
 */
export function formatTraceback(error: Error): string {
  return chainOf(error)
    .map(formatOne)
    .join('\nThe above exception was the direct cause of the following exception:\n\n');
}

/** The name of an error's class, also where the class has not set `name`. */
export function errorName(error: Error): string {
  return error.name === 'Error' ? error.constructor.name : error.name;
}

/** The error and its causes, the first cause first. */
function chainOf(error: Error): Error[] {
  const chain = [error];
  let cause = error.cause;
  while (cause instanceof Error && chain.length <= MAX_CAUSES) {
    chain.unshift(cause);
    cause = cause.cause;
  }
  return chain;
}

function formatOne(error: Error): string {
  const frames = (error.stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .reverse()
    .map(formatFrame);
  const code = error instanceof OmegaError ? ` [${error.code}]` : '';
  const last = `${errorName(error)}${code}: ${error.message}`;
  return ['Traceback (most recent call last):', ...frames, last, ''].join('\n');
}

function formatFrame(line: string): string {
  const match = FRAME.exec(line);
  if (match === null) return `  ${line}`;
  const [, name = '<module>', file = '', row, column] = match;
  return `  File "${file.replace(/^file:\/\//, '')}", line ${row}, column ${column}, in ${name}`;
}
