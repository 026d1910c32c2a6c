/** Ends an Erlang port mapper. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { LOOPBACK } from './tcp.ts';

/** KILL_REQ with its length. */
const KILL_REQUEST = Buffer.from('\0\x01k', 'latin1');
const PATIENCE_MS = 2_000;

/**
 * Tells the port mapper on this port to end; it obeys once no node is registered. Erlang starts it with the
 * first node and never ends it.
 *
 * @see https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html#kill-epmd
 */
export async function stopEpmd(port: number): Promise<void> {
  const socket = createConnection({ host: LOOPBACK, port, timeout: PATIENCE_MS });
  socket.once('timeout', () => socket.destroy());
  socket.once('connect', () => socket.write(KILL_REQUEST));
  socket.resume();
  // Nobody there: nothing to end.
  await once(socket, 'close').catch(() => {});
}
