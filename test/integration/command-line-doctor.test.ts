import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { deleteAfterwards, useOperator } from '../support/broker-harness.ts';
import { startPrivateBroker } from '../support/private-broker.ts';
import { hasRabbitmqctl } from '../support/rabbitmqctl.ts';
import { type Place, usePlace } from '../support/worker.ts';

interface Diagnosis {
  readonly status: number;
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
  readonly areas: ReadonlySet<string>;
}

function doctor({ mongoUrl, broker, queue }: Place, settings = {}): Promise<Diagnosis> {
  const servers = { OMEGA_MONGO_URL: mongoUrl, OMEGA_BROKER: broker, OMEGA_WORKER_LABEL: queue };
  const env = { ...process.env, ...servers, ...settings };
  const args = [resolve('dist/src/cli/main.js'), 'doctor', '--json'];
  return new Promise((done, fail) => {
    execFile(process.execPath, args, { env, cwd: tmpdir() }, (error, stdout) => {
      try {
        const findings = JSON.parse(stdout) as { area: string; status: string; what: string }[];
        done({
          status: error ? Number(error.code) : 0,
          failures: findings.filter(({ status }) => status === 'failure').map(({ what }) => what),
          warnings: findings.filter(({ status }) => status === 'warning').map(({ what }) => what),
          areas: new Set(findings.map(({ area }) => area)),
        });
      } catch (cause) {
        fail(cause);
      }
    });
  });
}

it('finds nothing that would keep a worker from working where one does', async () => {
  const { status, failures, areas } = await doctor(usePlace());
  expect(failures).toEqual([]);
  expect(status).toBe(0);
  expect([...areas]).toEqual(['machine', 'broker', 'mongodb']);
});

it('says which server is not there, with status 1', async () => {
  const place = { ...usePlace(), mongoUrl: 'mongodb://127.0.0.1:9/omega' };
  const { status, failures } = await doctor(place);
  expect(status).toBe(1);
  expect(failures).toEqual([expect.stringContaining('MongoDB at 127.0.0.1:9 cannot be used now')]);
});

it('says of a queue that was declared otherwise which argument differs, and leaves it as it is', async () => {
  const place = usePlace();
  const operator = await useOperator();
  deleteAfterwards(place.queue);
  await operator.declareQueue(place.queue, { durable: true, arguments: { 'x-max-priority': 5 } });
  await operator.send(place.queue, ['one']);
  const { status, warnings } = await doctor(place);
  expect(warnings.join()).toMatch(
    /was declared otherwise than by these settings: inequivalent arg 'x-max-priority'/,
  );
  expect(status).toBe(0);
  expect(await operator.ready(place.queue)).toBe(1);
  const agreed = await doctor(place, { OMEGA_QUEUE_MAX_PRIORITY: '5' });
  expect(agreed.warnings.join()).not.toContain('declared otherwise');
});

it.skipIf(!hasRabbitmqctl())(
  'finds missing permissions and an alarm',
  async () => {
    const broker = await startPrivateBroker();
    onTestFinished(() => broker.stop());
    broker.control('add_user', 'poor', 'poor');
    broker.control('set_permissions', 'poor', '^$', '.*', '.*');
    const place = usePlace(`amqp://poor:poor@127.0.0.1:${broker.port}/`);
    expect((await doctor(place)).failures).toEqual([expect.stringContaining('ACCESS_REFUSED')]);

    broker.control('set_permissions', 'poor', '.*', '.*', '.*');
    broker.control('set_vm_memory_high_watermark', '0');
    expect((await doctor(place)).failures).toEqual([expect.stringContaining('an alarm is raised')]);
  },
  90_000,
);
