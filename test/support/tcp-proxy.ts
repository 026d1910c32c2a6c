/** A TCP proxy that does to a connection what networks and operators do. */
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export interface TcpProxy {
  /** The URL of a service, leading through this proxy. */
  url(original: string): string;
  /** Ends every connection at once, as `rabbitmqctl close_all_connections` does. */
  cut(): void;
  /** Refuses new connections, and ends those there are. */
  refuse(): Promise<void>;
  /** Refuses new connections, and keeps those there are. */
  refuseNew(): void;
  /** Accepts connections again, on the same port. */
  accept(): Promise<void>;
  /** Passes nothing on any more, in either direction, without ending a connection (half-open). */
  hold(): void;
  /** What clients have written so far, by connection. */
  written(): Buffer[];
  /** Writes bytes to the service, as if the client of every idle connection had. */
  inject(bytes: Buffer): void;
  /** Writes bytes to the client, as if the service had. */
  injectToClient(bytes: Buffer): void;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly service: Socket;
}

export async function startTcpProxy(serviceUrl: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(serviceUrl);
  const links = new Set<Link>();
  const chunks: Buffer[][] = [];
  let held = false;
  const server = createServer((client) => link(client));
  await listen(server, 0);
  const ownPort = portOf(server);

  function link(client: Socket): void {
    const pair = { client, service: createConnection({ host: hostname, port: Number(port) }) };
    links.add(pair);
    const written: Buffer[] = [];
    chunks.push(written);
    const end = (): void => {
      links.delete(pair);
      client.destroy();
      pair.service.destroy();
    };
    for (const socket of [client, pair.service]) socket.on('error', end).on('close', end);
    client.on('data', (data) => {
      written.push(data);
      if (!held) pair.service.write(data);
    });
    pair.service.on('data', (data) => held || client.write(data));
  }

  function cut(): void {
    for (const { client, service } of links) {
      client.destroy();
      service.destroy();
    }
  }

  async function refuse(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  }

  return {
    url(original) {
      const url = new URL(original);
      url.hostname = '127.0.0.1';
      url.port = String(ownPort);
      return url.href;
    },
    cut,
    refuse,
    refuseNew: () => void server.close(),
    async accept() {
      held = false;
      await listen(server, ownPort);
    },
    hold() {
      held = true;
    },
    written: () => chunks.map((parts) => Buffer.concat(parts)),
    inject(bytes) {
      for (const { service } of links) service.write(bytes);
    },
    injectToClient(bytes) {
      for (const { client } of links) client.write(bytes);
    },
    async close() {
      if (server.listening) await refuse();
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
  return address.port;
}
