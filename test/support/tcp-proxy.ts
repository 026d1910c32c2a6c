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
  /** Passes everything on so many milliseconds later. */
  delay(milliseconds: number): void;
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

interface TcpProxyOptions {
  /** Whether what clients write is kept. Default true. */
  readonly records?: boolean;
  /** The address to listen at. Default 127.0.0.1. */
  readonly host?: string;
}

export async function startTcpProxy(
  serviceUrl: string,
  { records = true, host = '127.0.0.1' }: TcpProxyOptions = {},
): Promise<TcpProxy> {
  const { hostname, port } = new URL(serviceUrl);
  const links = new Set<Link>();
  const chunks: Buffer[][] = [];
  let held = false;
  let latency = 0;
  const server = createServer((client) => link(client));
  await listen(server, host, 0);
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
    const [toService, toClient] = [delayedWriter(pair.service), delayedWriter(client)];
    client.on('data', (data) => {
      if (records) written.push(data);
      if (!held) toService(data, latency);
    });
    pair.service.on('data', (data) => held || toClient(data, latency));
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
      url.hostname = host;
      url.port = String(ownPort);
      return url.href;
    },
    cut,
    refuse,
    refuseNew: () => void server.close(),
    async accept() {
      held = false;
      if (!server.listening) await listen(server, host, ownPort);
    },
    hold() {
      held = true;
    },
    delay(milliseconds) {
      latency = milliseconds;
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

/** Writes in the order in which it is called, also when the delay becomes shorter. */
function delayedWriter(socket: Socket): (data: Buffer, milliseconds: number) => void {
  const waiting: { readonly data: Buffer; readonly due: number }[] = [];

  function writeDue(): void {
    while (waiting[0] && waiting[0].due <= Date.now()) socket.write(waiting.shift()?.data ?? '');
    if (waiting[0]) setTimeout(writeDue, waiting[0].due - Date.now());
  }

  return (data, milliseconds) => {
    if (milliseconds === 0 && waiting.length === 0) return void socket.write(data);
    waiting.push({ data, due: Date.now() + milliseconds });
    if (waiting.length === 1) setTimeout(writeDue, milliseconds);
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
  return address.port;
}
