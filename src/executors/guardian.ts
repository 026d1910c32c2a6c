/**
 * Nothing that a supervisor started outlives it. A small shell process of its own session knows the
 * process groups of executors and kernels; when the pipe from the supervisor ends, for whatever reason, it
 * kills them. That also holds for a supervisor that got SIGKILL and for executors whose main thread is
 * blocked, where the `disconnect` event of the IPC channel comes too late.
 *
 * Linux's PR_SET_PDEATHSIG (`setpriv --pdeathsig`) was the alternative: it reaches the direct child only, not
 * its group nor the kernels, and neither macOS nor busybox has it.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/** `+ pid` adds a process group, `- pid` removes it; at the end of input all that are left are killed. */
const SCRIPT = `
trap '' HUP INT QUIT TERM
groups=
while read -r verb group; do
  rest=
  for known in $groups; do
    [ "$known" = "$group" ] || rest="$rest $known"
  done
  groups=$rest
  [ "$verb" = + ] && groups="$groups $group"
done
for group in $groups; do kill -9 "-$group"; done
`;

/** Where there is no shell to start, trying again must not cost more than this often. */
const RESTART_DELAY_MS = 200;

export class Guardian {
  readonly #groups = new Set<number>();
  #shell: ChildProcess | undefined;
  #closed = false;

  /** From now on this process group dies with the supervisor. */
  add(group: number): void {
    this.#groups.add(group);
    if (this.#shell === undefined) this.#start();
    else this.#tell(`+ ${group}\n`);
  }

  /** The group is gone; its number may be used by others. */
  remove(group: number): void {
    if (this.#groups.delete(group)) this.#tell(`- ${group}\n`);
  }

  /** Ends the shell process, which kills the groups that are left. */
  close(): void {
    this.#closed = true;
    this.#shell?.stdin?.end();
  }

  #start(): void {
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'omega-guardian'], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
    });
    this.#shell = shell;
    shell.once('close', () => this.#restart());
    shell.once('error', () => undefined);
    shell.stdin.on('error', () => undefined);
    shell.unref();
    for (const group of this.#groups) this.#tell(`+ ${group}\n`);
  }

  /** Somebody killed the guardian: another takes over with the groups there are. */
  #restart(): void {
    this.#shell = undefined;
    if (this.#closed) return;
    const start = () => {
      if (!this.#closed && this.#shell === undefined) this.#start();
    };
    setTimeout(start, RESTART_DELAY_MS).unref();
  }

  #tell(line: string): void {
    this.#shell?.stdin?.write(line);
  }
}
