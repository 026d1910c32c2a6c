import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { deleteAfterwards, useOperator } from '../support/broker-harness.ts';
import { type Place, useClient, usePlace, useWorker } from '../support/worker.ts';

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function declareTopology({ broker, queue }: Place, env = {}, ...args: readonly string[]): Promise<Ended> {
  const own = { OMEGA_BROKER: broker, OMEGA_WORKER_LABEL: queue, ...env };
  const options = { env: { ...process.env, ...own }, cwd: tmpdir() };
  const command = [resolve('dist/src/cli/main.js'), 'declare-topology', ...args];
  return new Promise((done) => {
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      done({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

it('declares the queues that a worker needs, and a worker that comes later runs what waits in them', async () => {
  const place = usePlace();
  const [dead, parked] = [`${place.queue}.dead`, `${place.queue}.omega.parked`];
  deleteAfterwards(place.queue, dead, parked);
  const { status, stdout } = await declareTopology(place, {}, '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual([{ queue: place.queue, exchange: place.queue, dead, parked }]);
  const operator = await useOperator();
  for (const queue of [place.queue, dead, parked]) expect(await operator.ready(queue)).toBe(0);

  const om = await useClient(place);
  const handle = om.runtime.send('test.add', [], { x: 1, y: 2 });
  await handle.sent;
  await useWorker(place);
  expect(await handle.get()).toBe(3);
});

it('leaves what there is as it is, with the messages in it', async () => {
  const place = usePlace();
  const operator = await useOperator();
  deleteAfterwards(place.queue, `${place.queue}.dead`, `${place.queue}.omega.parked`);
  await operator.declareQueue(place.queue, { durable: true, arguments: { 'x-max-priority': 5 } });
  await operator.send(place.queue, ['one', 'two']);
  expect((await declareTopology(place)).status).toBe(0);
  expect((await declareTopology(place)).status).toBe(0);
  expect(await operator.ready(place.queue)).toBe(2);
});

it('declares the exchanges and bindings of the settings, and no queue that each worker makes for itself', async () => {
  const place = usePlace();
  const [routed, everyone] = [`${place.queue}-routed`, `${place.queue}-everyone`];
  deleteAfterwards(routed, `${routed}.dead`, `${routed}.omega.parked`);
  const queues = [
    { name: routed, exchange: `${routed}-x`, exchangeType: 'topic', routingKey: 'a.#' },
    { name: everyone, broadcast: true },
  ];
  const env = { OMEGA_TASK_QUEUES: JSON.stringify(queues), OMEGA_WORKER_LABEL: `${routed},${everyone}` };
  const { status, stdout } = await declareTopology(place, env, '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual([expect.objectContaining({ queue: routed, exchange: `${routed}-x` })]);
});

it.each([
  ['2 for a name that cannot be one', { OMEGA_WORKER_LABEL: 'amq.tasks' }, 2],
  ['3 without a broker', { OMEGA_BROKER: 'amqp://127.0.0.1:9' }, 3],
])('ends with status %s', async (_, env, expected) => {
  const { status, stderr } = await declareTopology(usePlace(), env);
  expect(status).toBe(expected);
  expect(stderr).toMatch(/^omega: /);
});
