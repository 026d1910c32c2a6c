/**
 * Errors as they travel: Celery's `{exc_type, exc_message, exc_module}` and a traceback text. A Python client
 * builds the exception class that they name (celery/backends/base.py `exception_to_python`); where it has
 * none of that name, it makes one.
 */
import { inspect, types } from 'node:util';
import type { ErrorRecord, JsonText } from '../contract/job.ts';
import { OmegaError, TaskFailed } from '../errors.ts';
import { isFields } from './fields.ts';
import { hidePasswordsIn } from './hidden-password.ts';
import { stringifyJson } from './json.ts';
import { pythonRepr } from './repr.ts';
import { errorName, formatTraceback } from './traceback.ts';

/** Longest message text that travels: one that quotes a whole dataset must not make a result unsendable. */
const MAX_MESSAGE = 32_768;

/** JavaScript's own errors and the Python exceptions nearest to them. */
const BUILTINS: ReadonlyMap<string, string> = new Map([
  ['Error', 'Exception'],
  ['AggregateError', 'Exception'],
  ['EvalError', 'RuntimeError'],
  ['RangeError', 'ValueError'],
  ['ReferenceError', 'NameError'],
  ['SyntaxError', 'SyntaxError'],
  ['TypeError', 'TypeError'],
  ['URIError', 'ValueError'],
  ['TimeoutError', 'TimeoutError'],
]);

/** Whatever a task threw, as a record. Never throws. */
export function toErrorRecord(error: unknown): ErrorRecord {
  try {
    return isError(error) ? recordOf(error) : exception(`thrown value: ${describe(error)}`, null);
  } catch {
    return exception('an error was thrown that cannot be read', null);
  }
}

/** The exception dict of Celery's results. Members that JSON cannot hold become their `repr`, as in Celery. */
export function exceptionText(record: ErrorRecord): JsonText {
  const message = record.excMessage.map(encodeMember).join(', ');
  const type = `"exc_type": ${JSON.stringify(record.excType)}`;
  return `{${type}, "exc_message": [${message}], "exc_module": ${JSON.stringify(record.excModule)}}` as JsonText;
}

/** Reads an exception dict; lenient, because a failure must reach its client whatever its form. */
export function recordFromResult(dict: unknown, traceback: string | null): ErrorRecord {
  if (!isFields(dict) || typeof dict.exc_type !== 'string') return exception(pythonRepr(dict), traceback);
  const { exc_message: message = [], exc_module: module } = dict;
  return {
    excType: dict.exc_type,
    excModule: typeof module === 'string' ? module : 'builtins',
    excMessage: Array.isArray(message) ? message : [message],
    traceback,
  };
}

/** The error that a client throws for a task that failed. */
export function errorFromRecord(taskId: string, record: ErrorRecord): TaskFailed {
  const message = record.excMessage.map((part) => (typeof part === 'string' ? part : pythonRepr(part)));
  return new TaskFailed(taskId, record.excType, message.join(', '), record.traceback);
}

/** The exception as Python's `repr` shows it: `ValueError('boom', 1)`. */
export function exceptionRepr({ excType, excMessage }: Pick<ErrorRecord, 'excType' | 'excMessage'>): string {
  return `${excType}(${excMessage.map((part) => pythonRepr(part)).join(', ')})`;
}

function recordOf(error: Error): ErrorRecord {
  const python = error instanceof OmegaError ? error.python : pythonName(error);
  const excMessage = [shown(String(error.message))];
  return { ...python, excMessage, traceback: shown(formatTraceback(error)) };
}

/** A class that is not JavaScript's own gets a module that no Python has, so that its name collides with none. */
function pythonName(error: Error): { excType: string; excModule: string } {
  const name = errorName(error);
  const builtin = BUILTINS.get(name);
  if (builtin !== undefined) return { excType: builtin, excModule: 'builtins' };
  const isIdentifier = /^[A-Za-z_]\w{0,99}$/.test(name);
  return { excType: isIdentifier ? name : 'Exception', excModule: 'omegaml_node' };
}

function exception(message: string, traceback: string | null): ErrorRecord {
  return { excType: 'Exception', excModule: 'builtins', excMessage: [shown(message)], traceback };
}

/** Also errors of another realm, which are no instance of this one's Error. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function describe(value: unknown): string {
  return typeof value === 'string'
    ? value
    : inspect(value, { depth: 2, breakLength: Number.POSITIVE_INFINITY });
}

function encodeMember(value: unknown): string {
  try {
    return stringifyJson(value);
  } catch {
    return JSON.stringify(pythonRepr(value));
  }
}

/** Drivers may quote the URL that they were given. */
function shown(text: string): string {
  return hidePasswordsIn(shorten(text));
}

function shorten(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)}… (${text.length} characters)`;
}
