import { execFile } from 'node:child_process';
import { findExecutable } from './executable.ts';

let wrapper: Promise<readonly string[]> | undefined;

/**
 * What to put before a command so that the kernel of the system kills it when its parent dies: util-linux'
 * `setpriv` (Linux's PR_SET_PDEATHSIG) where there is one, else nothing.
 */
export function dieWithParent(searchPath: string): Promise<readonly string[]> {
  wrapper ??= findWrapper(searchPath);
  return wrapper;
}

async function findWrapper(searchPath: string): Promise<readonly string[]> {
  const setpriv = process.platform === 'linux' ? await findExecutable('setpriv', searchPath) : null;
  if (setpriv === null) return [];
  const command = [setpriv, '--pdeathsig', 'KILL', '--'];
  // The setpriv of busybox does not know the option.
  return (await succeeds(setpriv, [...command.slice(1), 'true'])) ? command : [];
}

function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => execFile(program, args, (error) => resolve(error === null)));
}
