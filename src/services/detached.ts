/** Servers that outlive the process that starts them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { OperationalError } from '../errors.ts';
import { type ProcessRecord, recordProcess } from './process-record.ts';

/**
 * Starts a program as the leader of a process group of its own; what it prints goes to the end of a file.
 *
 * @throws OperationalError when it cannot be started.
 */
export async function spawnDetached(
  program: string,
  args: readonly string[],
  output: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ProcessRecord> {
  const file = openSync(output, 'a');
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', file, file], env });
    await once(child, 'spawn');
    child.unref();
    const record = child.pid === undefined ? null : recordProcess(child.pid);
    if (record) return record;
    throw new Error('it ended at once');
  } catch (error) {
    throw new OperationalError(`cannot start ${program}: ${(error as Error).message}; see ${output}`, {
      cause: error,
    });
  } finally {
    closeSync(file);
  }
}
