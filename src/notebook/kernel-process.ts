/** The process of a kernel: the leader of a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { KernelDied } from '../errors.ts';

/** A process group that appears or is gone. */
export interface ChildEvent {
  /** Process id of the group's leader, which is the group's id. */
  readonly pid: number;
  readonly alive: boolean;
}

export interface KernelProcessOptions {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly onChild?: ((event: ChildEvent) => void) | undefined;
}

/** How a kernel ended. */
export interface KernelExit {
  /** For example `exit code 7` or `signal SIGKILL`. */
  readonly cause: string;
  /** The end of what it wrote to stderr. */
  readonly stderr: string;
}

const STDERR_CHARACTERS = 4000;

/** How long after the exit the rest of stderr may still come. */
const STDERR_GRACE_MS = 200;

export class KernelProcess {
  /** Resolves when the kernel has ended; nothing of its process group is left running then. */
  readonly exited: Promise<KernelExit>;
  readonly #pid: number;
  #ended = false;

  constructor(child: ChildProcess, pid: number, onChild: ((event: ChildEvent) => void) | undefined) {
    this.#pid = pid;
    this.exited = this.#watch(child).finally(() => onChild?.({ pid, alive: false }));
    onChild?.({ pid, alive: true });
  }

  /** Sends a signal to the kernel and to everything it started in its group. */
  signal(name: 'SIGINT' | 'SIGKILL'): void {
    if (this.#ended) return;
    try {
      process.kill(-this.#pid, name);
    } catch {
      // ESRCH: the group is gone.
    }
  }

  async #watch(child: ChildProcess): Promise<KernelExit> {
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARACTERS);
    });
    const closed = once(child, 'close');
    const [code, signal] = await once(child, 'exit');
    this.signal('SIGKILL');
    this.#ended = true;
    await Promise.race([closed, sleep(STDERR_GRACE_MS, undefined, { ref: false })]);
    const cause = signal === null ? `exit code ${code}` : `signal ${signal}`;
    return { cause, stderr: stripVTControlCharacters(stderr).trim() };
  }
}

/** @throws KernelDied when the program cannot be started. */
export async function startKernelProcess(options: KernelProcessOptions): Promise<KernelProcess> {
  const { argv, cwd, env, onChild } = options;
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = await once(child, 'error').catch((thrown: unknown) => [thrown]);
    throw new KernelDied(
      `The kernel could not be started with "${program}" in ${cwd} (${error}): check that both exist.`,
    );
  }
  return new KernelProcess(child, pid, onChild);
}
