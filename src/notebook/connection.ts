/** Where a kernel listens, and the connection file that tells it so. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type NetConnectOpts, type Server } from 'node:net';
import { join } from 'node:path';

export type KernelTransport = 'tcp' | 'ipc';

/** A channel by its name in the connection file. */
export type Channel = 'shell' | 'iopub' | 'stdin' | 'control' | 'hb';

export interface KernelConnection {
  readonly transport: KernelTransport;
  /** Address for tcp; for ipc what the paths of the sockets start with. */
  readonly ip: string;
  readonly ports: Readonly<Record<Channel, number>>;
  /** What both sides sign their messages with. */
  readonly key: string;
}

/** A longer path does not fit `sockaddr_un` (104 bytes on macOS, 108 on Linux). */
const MAX_SOCKET_PATH_BYTES = 100;
const LOOPBACK = '127.0.0.1';

/**
 * Chooses addresses. Unix sockets in `folder` where the kernel can and the path is short enough; else free
 * ports on the loopback address, which somebody may take before the kernel does.
 */
export async function chooseConnection(
  transport: KernelTransport,
  folder: string,
): Promise<KernelConnection> {
  const key = randomBytes(32).toString('hex');
  const prefix = join(folder, 'kernel');
  if (transport === 'ipc' && Buffer.byteLength(`${prefix}-1`) <= MAX_SOCKET_PATH_BYTES) {
    return { transport, ip: prefix, ports: { shell: 1, iopub: 2, stdin: 3, control: 4, hb: 5 }, key };
  }
  return { transport: 'tcp', ip: LOOPBACK, ports: await freePorts(), key };
}

/** Writes the connection file (https://jupyter-client.readthedocs.io/en/stable/kernels.html#connection-files). */
export async function writeConnectionFile(connection: KernelConnection, path: string): Promise<void> {
  const { transport, ip, ports, key } = connection;
  const content = {
    transport,
    ip,
    shell_port: ports.shell,
    iopub_port: ports.iopub,
    stdin_port: ports.stdin,
    control_port: ports.control,
    hb_port: ports.hb,
    key,
    signature_scheme: 'hmac-sha256',
  };
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
}

/** Where to connect for a channel. */
export function endpointOf({ transport, ip, ports }: KernelConnection, channel: Channel): NetConnectOpts {
  const port = ports[channel];
  return transport === 'ipc' ? { path: `${ip}-${port}` } : { host: ip, port };
}

async function freePorts(): Promise<Record<Channel, number>> {
  const servers = await Promise.all([listen(), listen(), listen(), listen(), listen()]);
  const [shell, iopub, stdin, control, hb] = servers;
  const ports = {
    shell: portOf(shell),
    iopub: portOf(iopub),
    stdin: portOf(stdin),
    control: portOf(control),
    hb: portOf(hb),
  };
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(0, LOOPBACK, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
