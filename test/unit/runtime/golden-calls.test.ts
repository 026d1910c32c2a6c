/** What our client sends is what Celery's client sends, for every recorded call that it can express. */
import { describe, expect, it } from 'vitest';
import { chain, chord, chunks, group, map, starmap } from '../../../src/contract/canvas.ts';
import type { AnySignature } from '../../../src/contract/signature.ts';
import { immutable, linkError, stamp, withOptions } from '../../../src/contract/signature-options.ts';
import { signature } from '../../../src/contract/task-signature.ts';
import type { Publication } from '../../../src/contract/transport.ts';
import type { HandleOf, OmegaRuntime } from '../../../src/runtime/runtime.ts';
import type { SendOptions } from '../../../src/runtime/send.ts';
import { readFixture, withoutSentTime } from '../../support/celery-fixtures.ts';
import { createFakeClient } from '../../support/fake-transport.ts';

const add = (...args: number[]) => signature<unknown, number>('capapp.add', args);
const tsum = () => signature<unknown, number>('capapp.tsum');
const onError = () => signature<unknown, void>('capapp.onerr');

type Call = (runtime: OmegaRuntime) => { readonly sent: Promise<void> };

/** `capapp.add(1, 2)` with options. */
const called =
  (options: SendOptions): Call =>
  (runtime) =>
    runtime.send('capapp.add', [1, 2], {}, options);
const applied =
  (sig: AnySignature): Call =>
  (runtime) =>
    runtime.apply(sig) as HandleOf<AnySignature>;

const CALLS: Readonly<Record<string, Call>> = {
  plain: called({}),
  kwargs: (runtime) => runtime.send('capapp.add', [1], { y: 2 }),
  send_task: (runtime) => runtime.send('cap.remote', [1, 'é', null, { a: [1.5, true] }], { k: 1 }),
  send_task_no_args: (runtime) => runtime.send('cap.remote'),
  countdown: called({ countdown: 10 }),
  eta_utc: called({ eta: new Date('2030-01-02T03:04:05Z') }),
  expires_seconds: called({ expires: 120 }),
  expires_datetime: called({ expires: new Date('2030-01-02T03:04:05Z') }),
  priority: called({ priority: 7 }),
  custom_headers: called({ headers: { 'x-my': 'v', traceparent: '00-abc' } }),
  app_id_property: called({ appId: '1234' }),
  shadow: called({ shadow: 'shadow.name' }),
  time_limits: called({ timeLimit: 30, softTimeLimit: 20 }),
  ignore_result: called({ ignoreResult: true }),
  custom_task_id: called({ taskId: 'my-own-id' }),
  argsrepr: called({ argsRepr: 'A', kwargsRepr: 'K' }),
  compression_zlib: called({ compression: 'gzip' }),
  link: called({ link: add(10) }),
  link_list_and_error: called({ link: [add(10), immutable(add(5, 5))], linkError: onError() }),
  link_error: called({ linkError: onError() }),
  immutable_sig_with_options: applied(withOptions(immutable(add(2, 2)), { priority: 3, countdown: 10 })),
  group: applied(group([add(1, 1), add(2, 2)])),
  group_of_one: applied(group([add(1, 1)])),
  chain: applied(chain(add(1, 1), add(2), add(3))),
  chord: applied(chord([add(1, 1), add(2, 2)], tsum())),
  chord_with_errback: applied(chord([add(1, 1), add(2, 2)], linkError(tsum(), onError()))),
  chain_group_chord: applied(chain(add(1, 1), group([add(2), add(3)]), tsum())),
  chain_ending_in_group: applied(chain(add(1, 1), group([add(2), add(3)]))),
  chord_with_chain_header: applied(chord([chain(add(1, 1), add(1)), add(3, 3)], tsum())),
  chord_body_chain: applied(chord([add(1, 1), add(3, 3)], chain(tsum(), add(1)))),
  group_of_chains: applied(group([chain(add(1, 1), add(1)), chain(add(2, 2), add(2))])),
  chain_link_error: applied(linkError(chain(add(1, 1), signature('capapp.fail')), onError())),
  map: applied(map('capapp.tsum', [[1, 2], [3]])),
  starmap: applied(
    starmap('capapp.add', [
      [1, 2],
      [3, 4],
    ]),
  ),
  chunks: applied(
    chunks(
      'capapp.add',
      [0, 1, 2, 3].map((n) => [n, n]),
      2,
    ),
  ),
  stamped: applied(stamp(add(1, 1), { monitoring_id: 'abc' })),
  stamped_chain: applied(stamp(chain(add(1, 1), add(2)), { monitoring_id: 'abc' })),
  stamped_implicit_key: applied(signature('capapp.add', [1, 1], {}, { stamps: { custom_stamp: 'hello' } })),
};

/** Recorded calls that a TypeScript client does not make, and why. */
const NOT_OURS: Readonly<Record<string, string>> = {
  eta_naive: 'a JavaScript Date has a time zone',
  types_datetime_uuid_decimal_bytes: 'times finer than milliseconds; see task-message.test.ts',
  protocol1: 'protocol 1 is read, not written',
  serializer_pickle: 'pickle is read as data, never written',
  serializer_yaml: 'not recorded, the package was missing: see client-to-python.test.ts',
  serializer_msgpack: 'not recorded, the package was missing: see client-to-python.test.ts',
  nested_chord_in_chord: 'see the golden messages of protocol/canvas',
};

interface Message {
  readonly properties: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
  readonly body: unknown;
}

describe('golden messages of Celery', () => {
  const fixture = readFixture<Record<string, readonly Record<string, unknown>[]>>('task-messages.json');

  it('are all there, or it is said why not', () => {
    expect([...Object.keys(CALLS), ...Object.keys(NOT_OURS)].sort()).toEqual(Object.keys(fixture).sort());
  });

  it.each(Object.entries(CALLS))('our client sends %s as Celery does', async (name, call) => {
    const { runtime, published } = createFakeClient();
    await call(runtime).sent;
    const recorded = (fixture[name] ?? []).map(recordedMessage);
    expect(masked(published.map(sentMessage))).toEqual(masked(recorded));
  });
});

function sentMessage({ properties: all, body }: Publication): Message {
  const { headers = {}, ...properties } = withoutSentTime(all);
  const text = headers.compression === undefined ? JSON.parse(body.toString()) : null;
  return { properties: properties as Record<string, unknown>, headers, body: text };
}

function recordedMessage({ properties, headers, body, body_raw: raw }: Record<string, unknown>): Message {
  const { application_headers: within = {}, ...plain } = properties as Record<string, unknown>;
  const camelCase = Object.entries(plain).map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  const all = { ...(within as object), ...(headers as object) } as Record<string, unknown>;
  const text = typeof raw === 'string' && all.compression === undefined ? JSON.parse(raw) : null;
  return {
    properties: Object.fromEntries(camelCase),
    headers: all,
    body: text ?? (all.compression ? null : body),
  };
}

const isTime = (value: unknown) => (value ? 'a time' : null);
const MASKS: Readonly<Record<string, (value: unknown) => unknown>> = {
  eta: isTime,
  expires: isTime,
  expiration: isTime,
  argsrepr: (value) => typeof value,
  kwargsrepr: (value) => typeof value,
  origin: (value) => typeof value,
  ignore_result: (value) => value === true,
};

/**
 * Ids become the order in which they occur, times whether there is one. `argsrepr` and `kwargsrepr` are text for
 * display, in which tuples and lists differ; `ignore_result` of a task by name is null in Celery.
 */
function masked(messages: readonly Message[]): unknown {
  const names = new Map<string, string>();
  const id = (text: string): string => {
    if (!/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(text) && text !== 'reply-queue') return text;
    if (!names.has(text)) names.set(text, `id ${names.size}`);
    return names.get(text) ?? '';
  };
  const mask = (value: unknown, key = ''): unknown => {
    const masking = MASKS[key];
    if (masking) return masking(value);
    if (typeof value === 'string') return id(value);
    if (Array.isArray(value)) return value.map((item) => mask(item));
    if (typeof value !== 'object' || value === null) return value;
    const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    const fields = sorted.filter(([name, item]) => name !== 'headers' || !isEmpty(item));
    return Object.fromEntries(fields.map(([name, item]) => [name, mask(item, name)]));
  };
  const inOrder = ({ properties, headers, body }: Message) => ({ properties, headers, body });
  return mask(messages.map(inOrder));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
