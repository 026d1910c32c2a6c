import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { usePlace } from '../support/worker.ts';

/** Nothing listens there. */
const NO_MONGO = 'mongodb://127.0.0.1:9/omega';

const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

function startWorker(
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): {
  child: ChildProcess;
  errors: () => string;
} {
  const place = usePlace();
  const child = spawn(
    process.execPath,
    [CLI, 'worker', '-Q', place.queue, '-n', `${place.queue}@test`, ...flags],
    {
      env: { ...process.env, OMEGA_MONGO_URL: place.mongoUrl, OMEGA_BROKER: place.broker, ...env },
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stderr?.on('data', (data) => {
    text += data;
  });
  return { child, errors: () => text };
}

it('fails at once, with a hint, when the port of /metrics is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { child, errors } = startWorker(['--http-port', String(port)]);
  const [status] = await once(child, 'exit');
  expect(status).toBe(2);
  expect(errors()).toContain('choose another --http-port');
});

it.each([50, 400, 900])('ends with status 0 on a SIGTERM %i ms after its start', async (ms) => {
  const { child } = startWorker();
  await new Promise((resolve) => setTimeout(resolve, ms));
  child.kill('SIGTERM');
  await until(() => child.exitCode !== null || child.signalCode !== null, 6_000);
  // Before Node has run its first line, the signal's default ends it.
  expect([0, null]).toContain(child.exitCode);
});

it('ends within six seconds of a SIGTERM while it waits for MongoDB', async () => {
  const { child } = startWorker([], { OMEGA_MONGO_URL: NO_MONGO });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  child.kill('SIGTERM');
  await until(() => child.exitCode !== null || child.signalCode !== null, 6_000);
  expect(child.exitCode).toBe(0);
});

it('fails at once when a module of tasks does not load', async () => {
  const { child, errors } = startWorker(['/nowhere/tasks.js']);
  const [status] = await once(child, 'exit');
  expect(status).toBe(2);
  expect(errors()).toContain('/nowhere/tasks.js');
});
