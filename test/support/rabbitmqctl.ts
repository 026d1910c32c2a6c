/** `rabbitmqctl` for the broker of the tests: for tests that act as its operator. */
import { execFileSync } from 'node:child_process';

interface Rabbitmqctl {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/** False when the broker is known by its URL only: such tests are skipped. */
export function hasRabbitmqctl(): boolean {
  return readCommand() !== null;
}

/** Runs one command and gives what it printed; throws when it fails. */
export function rabbitmqctl(...args: readonly string[]): string {
  const { command, env } = readCommand() ?? { command: 'rabbitmqctl', env: {} };
  return execFileSync(command, ['--quiet', ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function readCommand(): Rabbitmqctl | null {
  const given = process.env.OMEGA_TEST_RABBITMQCTL;
  return given ? (JSON.parse(given) as Rabbitmqctl | null) : null;
}
