/** Small questions to TCP ports on loopback. */
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';
const TIMEOUT_MS = 2_000;

/** Whether something accepts connections there. */
export async function isListening(host: string, port: number): Promise<boolean> {
  const socket = createConnection({ host, port, timeout: TIMEOUT_MS });
  socket.once('timeout', () => socket.destroy(new Error('timeout')));
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** The preferred port when nobody has it, else one that the system says is free. */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && (await canListen(preferred))) return preferred;
  return await listenOnce(0);
}

async function canListen(port: number): Promise<boolean> {
  return await listenOnce(port).then(
    () => true,
    () => false,
  );
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer().listen(port, LOOPBACK);
  await once(server, 'listening');
  const chosen = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return chosen;
}
