import type { ChildProcess } from 'node:child_process';

/**
 * How long after a process's exit its channel and output are read on. They end at once, unless a process
 * that inherited them lives on.
 */
const DRAIN_MS = 250;

/**
 * Calls `onExit` when the process is gone (or could not be started), and `onDrained` when all that it said
 * before has been read, with how it ended: `signal SIGKILL`, `exit code 7`.
 */
export function watchExit(
  child: ChildProcess,
  onExit: () => void,
  onDrained: (detail: string) => void,
): void {
  let exited = false;
  child.once('error', (error) => exit(error.message));
  child.once('exit', (code, signal) => exit(signal ? `signal ${signal}` : `exit code ${code}`));

  function exit(detail: string): void {
    if (exited) return;
    exited = true;
    const timer = setTimeout(drain, DRAIN_MS);
    child.once('close', drain);
    onExit();

    function drain(): void {
      clearTimeout(timer);
      child.off('close', drain);
      onDrained(detail);
    }
  }
}
