import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startPrivateBroker } from '../support/private-broker.ts';
import { hasRabbitmqctl } from '../support/rabbitmqctl.ts';
import { type Place, usePlace } from '../support/worker.ts';

interface Diagnosis {
  readonly status: number;
  readonly failures: readonly string[];
  readonly areas: ReadonlySet<string>;
}

function doctor({ mongoUrl, broker, queue }: Place): Promise<Diagnosis> {
  const env = { ...process.env, OMEGA_MONGO_URL: mongoUrl, OMEGA_BROKER: broker, OMEGA_WORKER_LABEL: queue };
  const args = [resolve('dist/src/cli/main.js'), 'doctor', '--json'];
  return new Promise((done, fail) => {
    execFile(process.execPath, args, { env, cwd: tmpdir() }, (error, stdout) => {
      try {
        const findings = JSON.parse(stdout) as { area: string; status: string; what: string }[];
        done({
          status: error ? Number(error.code) : 0,
          failures: findings.filter(({ status }) => status === 'failure').map(({ what }) => what),
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
