/** Messages and documents recorded from Celery 5.7, in the forms that this package works with. */
import { readFileSync } from 'node:fs';
import type { MessageProperties } from '../../src/contract/transport.ts';
import type { RawMessage } from '../../src/protocol/task-message.ts';

interface Recorded {
  readonly exchange?: string;
  readonly routing_key?: string;
  readonly delivery_info?: { redelivered: boolean; exchange: string; routing_key: string };
  readonly properties: Record<string, unknown>;
  readonly headers?: Record<string, unknown>;
  readonly body_raw?: string;
  readonly body_base64?: string;
  readonly body_base64_on_wire?: string;
  readonly body?: unknown;
}

/** A recorded call that Celery refused: it has no message. */
interface Refused {
  readonly error: string;
}

type Fixture = Record<string, readonly Recorded[]>;
type Calls = Record<string, readonly (Recorded | Refused)[]>;

/** A body that kombu has written, and what it is in kombu's JSON. */
export interface RecordedBody {
  readonly name: string;
  readonly content_type: string;
  readonly content_encoding: string;
  readonly compression: string | null;
  readonly body_base64: string;
  readonly json: string;
}

/** A file of test/fixtures/celery. */
export function readFixture<T = Fixture>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/celery/${name}`, import.meta.url), 'utf8'));
}

/** Recorded AMQP properties by the names of the broker port. */
export function propertiesOf({ properties, headers }: Recorded): MessageProperties {
  const { application_headers, ...others } = properties;
  const camelCase = Object.entries(others).map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return { ...Object.fromEntries(camelCase), headers: headers ?? application_headers };
}

/** Properties without the time at which a message was sent, which is of the run, and which Celery leaves to the broker. */
export function withoutSentTime({ timestamp, headers, ...properties }: MessageProperties): MessageProperties {
  const { timestamp_in_ms: milliseconds, ...others } = headers ?? {};
  if (Math.floor(Number(milliseconds) / 1000) !== timestamp)
    throw new Error('it does not say when it was sent');
  return { ...properties, headers: others };
}

/** A recorded message as the broker would deliver it. */
export function rawMessage(recorded: Recorded): RawMessage {
  const { delivery_info: delivery, body_base64_on_wire, body_base64 = body_base64_on_wire } = recorded;
  return {
    body: body_base64
      ? Buffer.from(body_base64, 'base64')
      : Buffer.from(recorded.body_raw ?? JSON.stringify(recorded.body)),
    properties: propertiesOf(recorded),
    exchange: delivery?.exchange ?? recorded.exchange ?? '',
    routingKey: delivery?.routing_key ?? recorded.routing_key ?? 'celery',
    redelivered: delivery?.redelivered ?? false,
  };
}

/** Every recorded message of a client's call, by scenario. */
export function recordedCalls(): readonly (readonly [string, RawMessage])[] {
  return Object.entries(readFixture<Calls>('task-messages.json')).flatMap(([name, messages]) =>
    messages.flatMap((message) => ('error' in message ? [] : [[name, rawMessage(message)] as const])),
  );
}

/** Every task message that went through the broker while clients and workers of Celery did all they can. */
export function recordedTraffic(): readonly (readonly [string, RawMessage])[] {
  const messages = readFixture<(Recorded & { scenario: string })[]>('traffic-tasks.json');
  return messages.map((message) => [message.scenario, rawMessage(message)]);
}

/** Bodies of tasks in every serializer and compression. */
export function recordedBodies(): readonly RecordedBody[] {
  return readFixture<RecordedBody[]>('bodies.json');
}
