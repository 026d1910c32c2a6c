/** Telling of what was survived, and surviving it: nothing thrown in a callback reaches amqplib. */
import type { LogPort } from '../contract/logger.ts';

/** Tells of an error that was survived. Never throws. */
export type Report = (error: unknown, message: string) => void;

/** A report that logs warnings; a silent one without a logger. */
export function createReport(logger: LogPort | undefined, connection: string): Report {
  return (err, message) => {
    try {
      logger?.warn({ err, connection }, message);
    } catch {
      // A logger that throws must not end a connection.
    }
  };
}

/**
 * The listener, made safe to be called by amqplib: what it throws or rejects with is reported. Thrown
 * through amqplib it would end the connection; rejected, the process.
 */
export function guard<Value>(
  listener: (value: Value) => unknown,
  report: Report,
  message: string,
): (value: Value) => void {
  return (value) => {
    try {
      const result = listener(value);
      if (result instanceof Promise) result.catch((error) => report(error, message));
    } catch (error) {
      report(error, message);
    }
  };
}
