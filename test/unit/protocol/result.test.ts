import { describe, expect, it, vi } from 'vitest';
import type { JsonText, TaskId } from '../../../src/contract/job.ts';
import { MessageTooLarge, ProtocolError, TaskFailed } from '../../../src/errors.ts';
import { parseIsoDateTime } from '../../../src/protocol/dates.ts';
import { recordFromResult, toErrorRecord } from '../../../src/protocol/exception.ts';
import {
  assertResultSize,
  assertSize,
  decodeResult,
  encodeResult,
  errorResult,
  progressResult,
  successResult,
  unwrapResult,
} from '../../../src/protocol/result.ts';
import { readRequest } from '../../../src/protocol/result-request.ts';
import { isException, isReady } from '../../../src/protocol/states.ts';
import { readFixture } from '../../support/celery-fixtures.ts';

interface Body {
  readonly status: string;
  readonly result: unknown;
  readonly traceback: string | null;
  readonly children: readonly unknown[];
  readonly date_done: string | null;
  readonly task_id: TaskId;
  readonly group_id?: string;
  readonly parent_id?: string;
}

const bodies = Object.entries(readFixture<Record<string, { body: Body }[]>>('rpc-results.json')).flatMap(
  ([name, messages]) => messages.map(({ body }) => [`${name}: ${body.status}`, body] as const),
);

const address = { taskId: 'a' as TaskId, groupId: null, parentId: null, replyTo: null, correlationId: 'a' };

function resultOf(body: Body) {
  const { task_id: taskId, group_id: groupId = null, parent_id: parentId = null, status } = body;
  const to = { ...address, taskId, groupId, parentId };
  const date = parseIsoDateTime(body.date_done ?? '') ?? new Date();
  if (isException(status)) {
    return errorResult(to, recordFromResult(body.result, body.traceback), status as 'FAILURE', date);
  }
  if (isReady(status)) return successResult(to, JSON.stringify(body.result) as JsonText, date);
  return progressResult(to, status, body.result);
}

/** Celery's microseconds; a Date ends at milliseconds. */
const toMillisecond = (date: string | null) => date?.replace(/\d{3}\+/, '000+') ?? null;

describe('golden results of Celery', () => {
  it.each(bodies)('writes %s, field for field', (_, body) => {
    const request = readRequest({ ...body });
    const result = { ...resultOf(body), children: body.children, ...(request && { request }) };
    const written = JSON.parse(encodeResult(result));
    expect(written).toEqual({ ...body, date_done: toMillisecond(body.date_done) });
    expect(Object.keys(written)).toEqual(Object.keys(body));
  });

  it.each(bodies)('reads %s', (_, body) => {
    expect(decodeResult(JSON.stringify(body) as JsonText)).toEqual({
      taskId: body.task_id,
      state: body.status,
      result: body.result,
      traceback: body.traceback,
      children: body.children,
      dateDone: body.date_done && parseIsoDateTime(body.date_done),
      request: readRequest({ ...body }),
    });
  });
});

it('puts the text of a result in place as it is', () => {
  const text = '{"n":NaN,"i":9007199254740993}' as JsonText;
  expect(encodeResult(successResult(address, text))).toContain(`"result": ${text},`);
});

it('gives the value of a task that succeeded', () => {
  const body = encodeResult(successResult(address, '[NaN]' as JsonText));
  expect(unwrapResult(decodeResult(body))).toEqual([Number.NaN]);
});

it('throws what a task failed with', () => {
  const failed = errorResult(address, toErrorRecord(new TypeError('no rows')));
  const meta = decodeResult(encodeResult(failed));
  expect(() => unwrapResult(meta)).toThrow(TaskFailed);
  expect(() => unwrapResult(meta)).toThrow('TypeError: no rows');
});

it.each(['', '5', '{"status": "SUCCESS"}', '{"task_id": "a"}', '{"task_id": 1, "status": "SUCCESS"}', '['])(
  'refuses the reply %j',
  (body) => {
    expect(() => decodeResult(body as JsonText)).toThrow(ProtocolError);
  },
);

it('refuses a result that no file takes, naming its task', () => {
  const text = { length: 2 ** 28 + 1 } as unknown as JsonText;
  const byteLength = vi.spyOn(Buffer, 'byteLength').mockReturnValue(2 ** 28 + 1);
  expect(() => assertResultSize(successResult(address, text))).toThrow(MessageTooLarge);
  byteLength.mockRestore();
});

it('refuses a result that a worker has no room for, with what to do', () => {
  const text = '"€23"' as JsonText;
  expect(() => assertSize('the result', text, 7)).not.toThrow();
  expect(() => assertSize('the result', text, 6)).toThrow(
    /^the result has 7 bytes, the limit is 6: store it as a dataset and return its name, or give the worker more memory or fewer slots$/,
  );
});

it('leaves arguments out that would crowd out the result, and stamps that would take the place of a field', () => {
  const request = { name: 't', args: ['x'.repeat(600_000)], kwargs: {}, worker: 'w', retries: 0, queue: 'q' };
  const stamps = { m: 'abc', status: 'SUCCESS', __proto__x: 1 };
  const written = JSON.parse(
    encodeResult({ ...successResult(address, '1' as JsonText), request: { ...request, stamps } }),
  );
  expect(written).toMatchObject({
    name: 't',
    args: null,
    kwargs: null,
    stamped_headers: ['m', '__proto__x'],
    m: 'abc',
  });
});
