/** The logger: pino, one line of JSON per event; readable lines on a terminal. */
import pino from 'pino';
import pretty from 'pino-pretty';
import { hidePasswordsIn } from './protocol/hidden-password.ts';

/** Lines about a task carry `task_id` and `task_name`. */
export type Logger = pino.Logger;

export interface LoggerOptions {
  readonly level: string;
  /** Readable lines instead of JSON: for a terminal. */
  readonly pretty: boolean;
  /** Fields on every line, for example `hostname`. */
  readonly base?: Readonly<Record<string, string>>;
}

/**
 * Lines are written together, some kilobytes at a time, and what is left ten times a second. What cannot be written, since
 * a disk is full, waits; beyond 4 MiB it is dropped.
 */
const TOGETHER = { sync: false, minLength: 4096, periodicFlush: 100, maxLength: 4 * 2 ** 20 } as const;

/** What is not yet written when the process exits is written then. */
export function createLogger({ level, pretty: readable, base }: LoggerOptions): Logger {
  const options = { level: level === 'warning' ? 'warn' : level, base: base ?? null };
  if (!readable) return pino(options, hidingPasswords(toStandardOutput()));
  const lines = pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l', sync: true });
  return pino(options, hidingPasswords(lines));
}

/** A log that cannot be written must not end the worker that writes it. */
function toStandardOutput(): pino.DestinationStream {
  const stream = pino.destination(TOGETHER);
  stream.on('error', () => undefined);
  const flush = stream.flushSync.bind(stream);
  stream.flushSync = () => {
    try {
      flush();
    } catch {
      // It is called when the process ends, and nobody could be told.
    }
  };
  return stream;
}

/** Whatever is logged, also what a task or a driver says. */
function hidingPasswords<Destination extends pino.DestinationStream>(destination: Destination): Destination {
  const write = destination.write.bind(destination);
  destination.write = (line) => write(hidePasswordsIn(line));
  return destination;
}
