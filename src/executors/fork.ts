import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ExecutorArguments } from '../contract/ipc.ts';
import { heapFlags } from './heap-flag.ts';

/** Everything an executor is started with. */
export interface ForkOptions extends ExecutorArguments {
  /** The whole environment of the executor; nothing else is passed on. */
  readonly env: Readonly<Record<string, string>>;
  /** Limit of the JavaScript heap in MiB, for its main thread and for each of its threads. */
  readonly maxOldSpaceMb: number;
}

/**
 * Forks an executor: with an IPC channel, its output on pipes, and a session of its own, so that a signal
 * from the terminal does not reach it and SIGKILL reaches everything it started.
 */
export function forkExecutor({ env, maxOldSpaceMb, ...args }: ForkOptions): ChildProcess {
  return fork(
    fileURLToPath(import.meta.resolve('#workers/executor')),
    [JSON.stringify(args satisfies ExecutorArguments)],
    {
      detached: true,
      env: { ...env },
      execArgv: ['--enable-source-maps', ...heapFlags(maxOldSpaceMb, env.NODE_OPTIONS)],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
}
