/** What executors print becomes log lines, as Celery's `worker_redirect_stdouts` has it. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { LogPort } from '../contract/logger.ts';

/** Longer lines are cut into pieces, so that output without line ends cannot fill the memory. */
const MAX_LINE_LENGTH = 8192;

/**
 * Logs the lines of stdout as info and those of stderr as warnings, with the fields of that moment.
 *
 * @returns what tells V8's or Node's fatal error (`FATAL ERROR: … heap out of memory`), empty while there is none.
 */
export function logOutput(
  child: ChildProcess,
  logger: LogPort,
  fields: () => Readonly<Record<string, unknown>>,
): () => string {
  let fatalError = '';
  if (child.stdout) readLines(child.stdout, (line) => logger.info({ ...fields(), stream: 'stdout' }, line));
  if (child.stderr) {
    readLines(child.stderr, (line) => {
      if (line.startsWith('FATAL ERROR: ')) fatalError = line;
      logger.warn({ ...fields(), stream: 'stderr' }, line);
    });
  }
  return () => fatalError;
}

/** Hands a text stream to `onLine`, line by line, without line ends; empty lines are left out. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? '';
    lines.forEach(emit);
    if (rest.length < MAX_LINE_LENGTH) return;
    emit(rest);
    rest = '';
  });
  stream.on('end', () => emit(rest));

  function emit(line: string): void {
    for (let at = 0; at < line.length; at += MAX_LINE_LENGTH) onLine(line.slice(at, at + MAX_LINE_LENGTH));
  }
}
