import { describe, expect, it } from 'vitest';
import type { JsonText } from '../../../src/contract/job.ts';
import { readEvent } from '../../../src/protocol/cluster-event.ts';
import { decodeTask } from '../../../src/protocol/decode-task.ts';
import {
  createEvent,
  decodeEvents,
  encodeEvent,
  encodeTaskEvents,
  encodeTaskSent,
  type WireEvent,
} from '../../../src/protocol/event.ts';
import { failedFields, receivedFields, succeededFields } from '../../../src/protocol/task-events.ts';
import { encodeTask } from '../../../src/protocol/task-message.ts';
import { propertiesOf, readFixture } from '../../support/celery-fixtures.ts';

interface RecordedEvent {
  readonly routing_key: string;
  readonly batched: boolean;
  readonly properties: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
  readonly event: WireEvent;
}

const recorded = Object.values(readFixture<Record<string, readonly RecordedEvent[]>>('events.json')).flat();

it.each(recorded.map((each) => [each.event.type, each] as const))(
  'reads and writes %s as Celery does',
  (_, { routing_key, batched, event, properties, headers }) => {
    const sent = batched ? encodeTaskEvents(event.hostname, [event]) : encodeEvent(event);
    expect(sent).toMatchObject({ exchange: 'celeryev', routingKey: routing_key, unroutable: 'drop' });
    expect(sent.properties).toEqual(propertiesOf({ properties, headers, body: null }));
    expect(decodeEvents(sent.body, sent.properties)).toEqual([event]);
    expect(readEvent(event)).toMatchObject({ hostname: event.hostname, clock: event.clock, fields: event });
  },
);

it('says of a sent task what Celery says', () => {
  const celery = recorded.find(({ event }) => event.type === 'task-sent')?.event;
  const call = { taskId: String(celery?.uuid), taskName: 'capapp.add', args: [1, 2], kwargs: {} };
  const message = encodeTask({ ...call, queue: 'celery', replyTo: 'oid', origin: 'gen7070@vm' });
  const [event] = decodeEvents(encodeTaskSent(message, 'celery', 1).body);
  const masked = { pid: 0, timestamp: 0, utcoffset: 0 };
  expect({ ...event, ...masked }).toEqual({ ...celery, ...masked });
});

describe('the fields of task events', () => {
  const call = { taskId: 'a', taskName: 'x', args: [1], kwargs: { y: 'z' }, queue: 'q', replyTo: 'oid' };
  const sent = encodeTask({ ...call, eta: new Date(0) });
  const message = decodeTask({ ...sent, redelivered: false });

  it('are those of Celery for a received task', () => {
    expect(receivedFields(message)).toEqual({
      ...{ uuid: 'a', name: 'x', args: '(1,)', kwargs: "{'y': 'z'}", root_id: 'a', parent_id: null },
      ...{ retries: 0, eta: '1970-01-01T00:00:00+00:00', expires: null },
    });
  });

  it('show an exception as Python does, and a traceback where there is one', () => {
    const error = { excType: 'ValueError', excModule: 'builtins', excMessage: ['boom', 1] };
    expect(failedFields(message, { ...error, traceback: null })).toEqual({
      uuid: 'a',
      exception: "ValueError('boom', 1)",
    });
    const { traceback } = failedFields(message, { ...error, traceback: `start${'x'.repeat(10_000)}end` });
    expect(String(traceback)).toMatch(/^x{8189}end$/);
  });

  it('show a result as Python does, cut when it is long', () => {
    expect(succeededFields(message, '{"a": [1, null]}' as JsonText, 0.5)).toEqual({
      ...{ uuid: 'a', runtime: 0.5 },
      result: "{'a': [1, None]}",
    });
    const { result } = succeededFields(message, `"${'x'.repeat(100_000)}"` as JsonText, 0.5);
    expect(String(result)).toHaveLength(1_027);
    const deep = '['.repeat(4_000) + ']'.repeat(4_000);
    expect(succeededFields(message, deep as JsonText, 0.5).result).toMatch(/^\[/);
  });
});

it('leaves out of a batch what is no event', () => {
  const event = createEvent('task-started', { hostname: 'w@h', pid: 1, clock: 2 }, { uuid: 'a' });
  const batch = [event, 5, null, {}, { ...event, uuid: 7 }, { ...event, timestamp: 'now' }];
  expect(decodeEvents(Buffer.from(JSON.stringify(batch)))).toEqual([event]);
  expect(() => decodeEvents(Buffer.from('7'))).toThrow(/no/);
  expect(() => decodeEvents(Buffer.from('no json'))).toThrow();
});

it('gives an event of another type with all its fields', () => {
  const event = createEvent('shop-sold', { hostname: 'w@h', pid: 1, clock: 2 }, { price: 3 });
  expect(readEvent(event)).toMatchObject({ type: 'other', fields: { type: 'shop-sold', price: 3 } });
});
