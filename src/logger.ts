/** The logger: pino, one line of JSON per event; readable lines on a terminal. */
import pino from 'pino';
import pretty from 'pino-pretty';

/** Lines about a task carry `task_id` and `task_name`. */
export type Logger = pino.Logger;

export interface LoggerOptions {
  readonly level: string;
  /** Readable lines instead of JSON: for a terminal. */
  readonly pretty: boolean;
  /** Fields on every line, for example `hostname`. */
  readonly base?: Readonly<Record<string, string>>;
}

/** Lines are written together, some kilobytes at a time, and what is left ten times a second. */
const TOGETHER = { sync: false, minLength: 4096, periodicFlush: 100 } as const;

/** What is not yet written when the process exits is written then. */
export function createLogger({ level, pretty: readable, base }: LoggerOptions): Logger {
  const options = { level: level === 'warning' ? 'warn' : level, base: base ?? null };
  if (!readable) return pino(options, pino.destination(TOGETHER));
  return pino(options, pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l', sync: true }));
}
