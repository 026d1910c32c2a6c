/** What the workers have logged as an error: in an upgrade there is none. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, wrong } from '../chaos/oracle/verdict.ts';

/** pino's number of an error. */
const ERROR = 50;

export function checkErrorLines(folder: string): readonly Finding[] {
  const logs = readdirSync(folder).filter((name) => /^w\d+\.log$/.test(name));
  return logs.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter(isError)
      .map((line) => wrong('log', `${name}: ${line}`)),
  );
}

/** A line that is no JSON was written by Node itself: a warning, or an error that nobody caught. */
function isError(line: string): boolean {
  if (line === '') return false;
  try {
    const { level = 0 } = JSON.parse(line) as { readonly level?: number };
    return level >= ERROR;
  } catch {
    return true;
  }
}
