/** How a command that fails ends: one clear line, a hint, an exit status. */
import {
  DatasetNotFound,
  DeadTaskNotFound,
  MissingDependency,
  ModelNotFound,
  NotebookNotFound,
  OmegaError,
  OperationalError,
  ResultTimeout,
  TaskFailed,
} from '../errors.ts';
import type { GlobalOptions } from './global-options.ts';

export const EXIT_CODES = {
  ok: 0,
  taskFailed: 1,
  /** What `omega doctor` says of a place where a worker would not work. */
  unfit: 1,
  /** A worker that was not waited for. */
  ended: 1,
  usage: 2,
  connection: 3,
  timeout: 4,
  notFound: 5,
  /** EX_SOFTWARE: an error that nobody thought of. */
  internal: 70,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

const MISSING = [DatasetNotFound, DeadTaskNotFound, ModelNotFound, NotebookNotFound];

/** What nobody throws on purpose; what servers and the file system refuse comes in other classes. */
const DEFECTS = [TypeError, RangeError, ReferenceError];

const CONNECTION_HINT = 'omega services start starts MongoDB and RabbitMQ on this machine';

export function exitCodeOf(error: unknown): number {
  if (error instanceof TaskFailed) return EXIT_CODES.taskFailed;
  if (error instanceof OperationalError || error instanceof MissingDependency) return EXIT_CODES.connection;
  if (error instanceof ResultTimeout) return EXIT_CODES.timeout;
  if (MISSING.some((kind) => error instanceof kind)) return EXIT_CODES.notFound;
  return DEFECTS.some((kind) => error instanceof kind) ? EXIT_CODES.internal : EXIT_CODES.usage;
}

/** The text for standard error, with its line ends. A stack only where debugging was asked for. */
export function describeError(error: unknown, { json, loglevel }: GlobalOptions): string {
  const failure = error instanceof Error ? error : new Error(String(error));
  const code = failure instanceof OmegaError ? failure.code : 'ERROR';
  if (json) return `${JSON.stringify({ error: { code, message: failure.message } })}\n`;
  const lines = [`omega: ${failure.message}`];
  if (failure instanceof OperationalError) lines.push(`hint: ${CONNECTION_HINT}`);
  if (loglevel === 'debug') lines.push(failure.stack ?? '');
  return `${lines.join('\n')}\n`;
}
