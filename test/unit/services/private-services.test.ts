import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { serviceOptions } from '../../../src/cli/local-services.ts';
import { leavePrivateServices, stopPrivateServices } from '../../../src/services/private-services.ts';
import { writeState } from '../../../src/services/state.ts';

it('a stranger that listens where a stopped server listened is left alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'omega-private-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  let connections = 0;
  const stranger = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void stranger.close());
  await once(stranger, 'listening');
  const { port } = stranger.address() as AddressInfo;

  const gone = { pid: process.pid, startTime: 'another process had this id' };
  const ports = { port, distributionPort: port, epmdPort: port };
  const rabbitmq = { process: gone, epmd: gone, scripts: '', ...ports };
  writeState(folder, { rabbitmq, mongod: { process: gone, port }, users: [], isKept: false });
  const options = { ...serviceOptions(() => undefined), folder };
  await leavePrivateServices(options);
  await stopPrivateServices(options);
  await sleep(50);
  expect(connections).toBe(0);
});
