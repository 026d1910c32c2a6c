/** Ports for servers that come and go. */
import { randomInt } from 'node:crypto';
import { freePort } from '../../../src/services/tcp.ts';

/**
 * Below those that the system gives to outgoing connections (Linux: from 32,768): while a server is away its port is
 * tried again and again, and one of these attempts could get the very port for its own end, and keep it.
 */
const [FIRST, LAST] = [20_000, 30_000];

/** A port that is free now. */
export async function reservePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    if ((await freePort(port)) === port) return port;
  }
}
