/** A private RabbitMQ that can be told to fail. */
import { randomBytes } from 'node:crypto';
import { run } from '../../../src/services/commands.ts';
import type { ServiceOptions } from '../../../src/services/options.ts';
import { isRunning, type ProcessRecord } from '../../../src/services/process-record.ts';
import {
  privateRabbitmqctl,
  type RabbitmqRecord,
  startRabbitmq,
  waitForRabbitmq,
} from '../../../src/services/rabbitmq.ts';
import { LOOPBACK } from '../../../src/services/tcp.ts';
import { configureRabbit } from '../../support/private-broker.ts';
import { reservePort } from './ports.ts';

export const VHOST = 'chaos';
export const USER = 'chaos';
/** It must be found in no log. */
export const PASSWORD = `canary-${randomBytes(8).toString('hex')}`;

/** Milliseconds: how often the broker looks whether an ack is overdue, and after how long it is. */
const RABBIT = { channel_tick_interval: 5_000, consumer_timeout: 60_000 };
const COMMAND_PATIENCE_MS = 60_000;

export interface ChaosBroker {
  /** The virtual host of the run. */
  readonly url: string;
  readonly isRunning: boolean;
  /** `rabbitmqctl`; answers with what it printed. */
  ctl(...args: readonly string[]): Promise<string>;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again, with what it has on disk. Resolves when it accepts logins. */
  start(): Promise<void>;
}

/** @param onStart - is told of every process, before it is ready. */
export async function startBroker(
  options: ServiceOptions,
  onStart: (server: ProcessRecord) => void,
): Promise<ChaosBroker> {
  configureRabbit(options.folder, RABBIT);
  let record = await lastRun();

  async function start(): Promise<void> {
    record = await startRabbitmq(record, options);
    onStart(record.process);
    if (record.epmd) onStart(record.epmd);
    await waitForRabbitmq(record, options);
  }

  async function ctl(...args: readonly string[]): Promise<string> {
    const { command, env } = privateRabbitmqctl(record, options);
    const { stdout } = await run(command, ['--quiet', ...args], {
      env: { ...options.env, ...env },
      timeout: COMMAND_PATIENCE_MS,
    });
    return stdout;
  }

  async function kill(): Promise<void> {
    process.kill(-record.process.pid, 'SIGKILL');
    while (isRunning(record.process)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  await start();
  await ctl('add_vhost', VHOST);
  await ctl('add_user', USER, PASSWORD);
  await ctl('set_permissions', '-p', VHOST, USER, '.*', '.*', '.*');
  return {
    url: `amqp://${USER}:${PASSWORD}@${LOOPBACK}:${record.port}/${VHOST}`,
    get isRunning() {
      return isRunning(record.process);
    },
    ctl,
    kill,
    start,
  };
}

/** A run that never was, on the ports that the broker shall have. */
async function lastRun(): Promise<RabbitmqRecord> {
  const [port, distributionPort, epmdPort] = [await reservePort(), await reservePort(), await reservePort()];
  const never: ProcessRecord = { pid: 0, startTime: 'never' };
  return { process: never, epmd: null, scripts: '', port, distributionPort, epmdPort };
}
