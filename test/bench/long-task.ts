/** A task of five minutes, with a RabbitMQ of its own that waits for one minute for its ack. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/index.ts';
import { startPrivateBroker } from '../support/private-broker.ts';
import { note } from '../support/tasks.ts';
import { resultsUrl } from './contestants.ts';
import { type Comparison, single } from './statistics.ts';
import { startOmegaWorker } from './worker-processes.ts';

const TASK_SECONDS = 300;
const CONSUMER_TIMEOUT_MS = 60_000;
const HANDOVER_SECONDS = '20';
const QUEUE = 'bench-long';

export async function longTask(): Promise<Comparison[]> {
  const settings = { consumer_timeout: CONSUMER_TIMEOUT_MS, channel_tick_interval: 5_000 };
  const rabbitmq = await startPrivateBroker([], settings);
  const broker = `amqp://guest:guest@127.0.0.1:${rabbitmq.port}//`;
  const mongoUrl = resultsUrl('omega');
  const worker = await startOmegaWorker({
    ...{ queue: QUEUE, mongoUrl, modules: ['dist/test/support/tasks.js'] },
    env: { OMEGA_BROKER: broker, OMEGA_HANDOVER_AFTER: HANDOVER_SECONDS },
  });
  const om = await connect({ mongoUrl, broker, queues: QUEUE });
  const folder = mkdtempSync(join(tmpdir(), 'omega-bench-'));
  const path = join(folder, 'runs');
  try {
    const begun = performance.now();
    await om.runtime.task(note)({ path, text: 'run', seconds: TASK_SECONDS });
    const seconds = (performance.now() - begun) / 1000;
    const metrics = await (await fetch(`${worker.url}/metrics`)).text();
    const stale = /^omega_task_acks_total\{.*result="stale".*\} (\d+)/m.exec(metrics)?.[1] ?? '0';
    return [
      single('task of 300 s, consumer_timeout 60 s: until its result', 's', seconds),
      single('its runs', '', readFileSync(path, 'utf8').trim().split('\n').length, '1'),
      single('acks that came too late', '', Number(stale), '0'),
    ];
  } finally {
    rmSync(folder, { recursive: true });
    await om.close();
    await worker.stop();
    await rabbitmq.stop();
  }
}
