/** A private RabbitMQ for tests that act as its administrator: other users, other settings. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceOptions } from '../../src/cli/local-services.ts';
import {
  privateRabbitmqctl,
  startRabbitmq,
  stopRabbitmq,
  waitForRabbitmq,
} from '../../src/services/rabbitmq.ts';

export interface PrivateBroker {
  /** Of its AMQP listener, on 127.0.0.1. */
  readonly port: number;
  /** Runs `rabbitmqctl`. */
  control(...args: readonly string[]): string;
  stop(): Promise<void>;
}

/**
 * @param config - lines of its `rabbitmq.conf`.
 * @param settings - of the application `rabbit`, for which that has no names.
 */
export async function startPrivateBroker(
  config: readonly string[] = [],
  settings: Readonly<Record<string, number>> = {},
): Promise<PrivateBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'omega-broker-'));
  const options = { ...serviceOptions(() => undefined), folder };
  mkdirSync(join(folder, 'rabbitmq'), { recursive: true });
  writeFileSync(join(folder, 'rabbitmq', 'rabbitmq.conf'), config.map((line) => `${line}\n`).join(''));
  configureRabbit(folder, settings);
  const record = await startRabbitmq(undefined, options);
  await waitForRabbitmq(record, options);
  return {
    port: record.port,
    control(...args) {
      const { command, env } = privateRabbitmqctl(record, options);
      const environment = { ...process.env, ...env };
      return execFileSync(command, ['--quiet', ...args], {
        encoding: 'utf8',
        env: environment,
        stdio: 'pipe',
      });
    },
    async stop() {
      await stopRabbitmq(record);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Settings of the application `rabbit`, for the node that is started in this folder next. */
export function configureRabbit(folder: string, settings: Readonly<Record<string, number>>): void {
  const terms = Object.entries(settings).map(([name, value]) => `{${name}, ${value}}`);
  mkdirSync(join(folder, 'rabbitmq'), { recursive: true });
  writeFileSync(join(folder, 'rabbitmq', 'advanced.config'), `[{rabbit, [${terms.join(', ')}]}].\n`);
}
