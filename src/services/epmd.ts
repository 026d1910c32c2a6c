/** Erlang's port mapper: one of our own, so that it can be ended without ending anybody else's. */
import { findOnPath } from './commands.ts';
import { spawnDetached } from './detached.ts';
import type { ProcessRecord } from './process-record.ts';
import { isListening, LOOPBACK } from './tcp.ts';
import { waitUntilReady } from './wait.ts';

const START_PATIENCE_MS = 10_000;

/**
 * Starts a port mapper on a free port and returns when it listens. Null when `PATH` has none: the first Erlang
 * node then starts one that nobody ends, as Erlang does by default.
 *
 * @throws OperationalError when it does not start.
 * @see https://www.erlang.org/doc/apps/erts/epmd_cmd.html
 */
export async function startEpmd(
  port: number,
  log: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ProcessRecord | null> {
  const program = findOnPath('epmd', env.PATH);
  if (program === null) return null;
  const process = await spawnDetached(program, ['-address', LOOPBACK, '-port', String(port)], log, env);
  const server = { name: "RabbitMQ's port mapper", process, log };
  await waitUntilReady(server, START_PATIENCE_MS, () => isListening(LOOPBACK, port));
  return process;
}
