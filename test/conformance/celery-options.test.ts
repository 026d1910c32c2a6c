/** Celery's options of a call, and its native delayed delivery, with the real peers. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { connectTransport } from '../../src/broker/transport.ts';
import { delayUntil } from '../../src/protocol/delay.ts';
import { encodeTask } from '../../src/protocol/task-message.ts';
import { until, useOperator } from '../support/broker-harness.ts';
import { pythonPath } from '../support/python.ts';
import { EXECUTION_TASKS } from '../support/sender.ts';
import { usePlace, useTrace, useWorker } from '../support/worker.ts';

const script = (name: string): string => fileURLToPath(new URL(`../python/${name}.py`, import.meta.url));

it('a Celery client gets what it asks for with eta, countdown, expires, time limits and priority', async () => {
  const place = usePlace();
  await useWorker(place, [EXECUTION_TASKS]);
  const args = [script('celery_options'), place.broker, place.mongoUrl, place.queue];
  const { stdout } = await promisify(execFile)(pythonPath(), args);
  expect(JSON.parse(stdout)).toEqual({
    eta: 4,
    countdown: 3,
    waited: true,
    expired: ['TaskRevokedError', 'REVOKED'],
    soft_limit: ['SoftTimeLimitExceeded', 'FAILURE'],
    retried: 'done',
  });
});

it('a Celery worker of a quorum queue gets what our side delays, once', async () => {
  const place = usePlace();
  const operator = await useOperator();
  const worker = spawn(pythonPath(), [script('quorum_worker'), place.broker, place.queue], {
    stdio: 'inherit',
  });
  onTestFinished(async () => {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
  });
  await until(async () => (await operator.consumers(place.queue)) === 1, 30_000);

  const transport = await connectTransport({ url: place.broker, name: 'test', retry: false });
  onTestFinished(() => transport.close());
  await transport.declareDelayed(place.queue);
  const { path, lines } = useTrace();
  const call = { taskId: 'delayed', taskName: 'py.note', args: [path], kwargs: {}, replyTo: 'nobody' };
  const eta = new Date(Date.now() + 2_500);
  const publication = encodeTask({ ...call, queue: place.queue, eta });
  await transport.publish(delayUntil(publication, eta, new Date()));
  await until(() => lines().length > 0);
  expect(Number(lines()[0]) * 1000).toBeGreaterThanOrEqual(eta.getTime());
  await until(async () => (await operator.ready(place.queue)) === 0);
  expect(lines()).toHaveLength(1);
});
