/** A private RabbitMQ with its management API and its metrics. */
import { onTestFinished } from 'vitest';
import { brokerUrlAt, GUEST } from '../../src/services/rabbitmq.ts';
import { freePort, LOOPBACK } from '../../src/services/tcp.ts';
import { type PrivateBroker, startPrivateBroker } from '../support/private-broker.ts';

export interface MonitoredBroker {
  /** Of AMQP. */
  readonly url: string;
  /** Of the management API, without credentials. */
  readonly managementUrl: string;
  /** Host and port of its metrics. */
  readonly metricsAddress: string;
}

/** It counts messages every half a second, not every five. It is stopped after the test. */
export async function useMonitoredBroker(): Promise<MonitoredBroker> {
  const broker = await startPrivateBroker(['collect_statistics_interval = 500']);
  onTestFinished(() => broker.stop());
  const ports = { rabbitmq_management: await freePort(), rabbitmq_prometheus: await freePort() };
  enablePlugins(broker, ports);
  return {
    url: brokerUrlAt(broker.port),
    managementUrl: `http://${LOOPBACK}:${ports.rabbitmq_management}`,
    metricsAddress: `${LOOPBACK}:${ports.rabbitmq_prometheus}`,
  };
}

/** What the management API answers. @param path - begins with `/api`. @throws Error when it refuses */
export async function askManagement({ managementUrl }: MonitoredBroker, path: string): Promise<unknown> {
  const credentials = Buffer.from(`${GUEST.user}:${GUEST.password}`).toString('base64');
  const response = await fetch(managementUrl + path, { headers: { authorization: `Basic ${credentials}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}

/** Their settings have no names in rabbitmq.conf before they are enabled. */
function enablePlugins(broker: PrivateBroker, ports: Readonly<Record<string, number>>): void {
  const settings = Object.entries(ports).map(
    ([plugin, port]) =>
      `application:set_env(${plugin}, tcp_config, [{port, ${port}}, {ip, "${LOOPBACK}"}], [{persistent, true}])`,
  );
  const file = 'os:getenv("RABBITMQ_ENABLED_PLUGINS_FILE")';
  const write = `ok = file:write_file(${file}, "[${Object.keys(ports).join(', ')}].")`;
  broker.control('eval', [...settings, write, `{ok, _, _} = rabbit_plugins:ensure(${file}).`].join(', '));
}
