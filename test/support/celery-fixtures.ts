/** Messages and documents recorded from Celery 5.7, in the forms that this package works with. */
import { readFileSync } from 'node:fs';
import type { MessageProperties } from '../../src/contract/transport.ts';
import type { RawMessage } from '../../src/protocol/task-message.ts';

interface Recorded {
  readonly exchange?: string;
  readonly routing_key?: string;
  readonly delivery_info?: { redelivered: boolean; exchange: string; routing_key: string };
  readonly properties: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
  readonly body_raw?: string;
  readonly body: unknown;
}

type Fixture = Record<string, readonly Recorded[]>;

/** A file of test/fixtures/celery. */
export function readFixture<T = Fixture>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/celery/${name}`, import.meta.url), 'utf8'));
}

/** Recorded AMQP properties by the names of the broker port. */
export function propertiesOf({ properties, headers }: Recorded): MessageProperties {
  const camelCase = Object.entries(properties).map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return { ...Object.fromEntries(camelCase), headers };
}

/** A recorded task message as the broker would deliver it. */
export function rawMessage(recorded: Recorded): RawMessage {
  const delivery = recorded.delivery_info;
  return {
    body: Buffer.from(recorded.body_raw ?? JSON.stringify(recorded.body)),
    properties: propertiesOf(recorded),
    exchange: delivery?.exchange ?? '',
    routingKey: delivery?.routing_key ?? '',
    redelivered: delivery?.redelivered ?? false,
  };
}

/** The recorded task messages of protocol 2 with a plain JSON body, by scenario. */
export function recordedTasks(): readonly (readonly [string, Recorded])[] {
  return Object.entries(readFixture('task-messages.json'))
    .flatMap(([name, messages]) => messages.map((message) => [name, message] as const))
    .filter(([, message]) => message.body_raw !== undefined && message.headers.task !== undefined);
}
