/** One trace from the client through the worker to what comes next, by OpenTelemetry. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { chain, signature } from '../../src/index.ts';
import { until } from '../support/broker-harness.ts';
import { add, plus } from '../support/tasks.ts';
import type { SpanLine } from '../support/trace-to-file.ts';
import { type Place, type TestWorker, useClient, usePlace, useWorker } from '../support/worker.ts';

const SDK = fileURLToPath(new URL('../../dist/test/support/trace-to-file.js', import.meta.url));
/** As OpenTelemetry's instrumentation of Python's Celery puts it into the headers of a task. */
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const HEADERS = { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` };

interface TracedWorker {
  readonly worker: TestWorker;
  spans(): SpanLine[];
}

async function useTracedWorker(place: Place): Promise<TracedWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'omega-trace-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'spans');
  vi.stubEnv('OMEGA_TEST_TRACE', path);
  onTestFinished(() => void vi.unstubAllEnvs());
  const worker = await useWorker(place, [], ['--import', SDK]);
  return { worker, spans: () => readSpans(path) };
}

function readSpans(path: string): SpanLine[] {
  try {
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  } catch {
    // None has ended yet.
    return [];
  }
}

it("a task's run goes on with the trace of its message, and has its time in the executor", async () => {
  const place = usePlace();
  const [om, { spans }] = [await useClient(place), await useTracedWorker(place)];
  const handle = om.runtime.send<number>('test.add', [], { x: 1, y: 2 }, { headers: HEADERS });
  expect(await handle).toBe(3);
  await until(() => spans().length === 2);
  const [execute, run] = spans();
  expect(run).toMatchObject({
    ...{ name: 'run/test.add', traceId: TRACE_ID, parentId: PARENT_ID },
    attributes: {
      'celery.action': 'run',
      'celery.state': 'SUCCESS',
      'celery.task_name': 'test.add',
      'messaging.message.id': handle.id,
      'messaging.destination.name': place.queue,
    },
  });
  expect(execute).toMatchObject({ name: 'execute/test.add', traceId: TRACE_ID, parentId: run?.spanId });
});

it('what comes next is in the same trace, below the task that led to it', async () => {
  const place = usePlace();
  const [om, { spans }] = [await useClient(place), await useTracedWorker(place)];
  const steps = chain(signature(add, { x: 1, y: 2 }), signature(plus, { y: 4 }));
  expect(await om.runtime.apply(steps, { headers: HEADERS }).get({ timeout: 20_000 })).toBe(7);
  await until(() => spans().some(({ name }) => name === 'run/test.plus'));
  const named = (name: string) => spans().filter((span) => span.name === name);
  const [[first], [second]] = [named('run/test.add'), named('run/test.plus')];
  const [sending] = named('apply_async/test.plus');
  expect(sending).toMatchObject({ traceId: TRACE_ID, parentId: first?.spanId });
  expect(second).toMatchObject({ traceId: TRACE_ID, parentId: sending?.spanId });
});

it('a failure is told by the class of its error, not by its message', async () => {
  const place = usePlace();
  const [om, { spans }] = [await useClient(place), await useTracedWorker(place)];
  await om.runtime
    .send('test.add', [], { x: 'secret' })
    .get()
    .catch(() => undefined);
  await until(() => spans().some(({ name }) => name.startsWith('run/')));
  const run = spans().find(({ name }) => name.startsWith('run/'));
  expect(run?.attributes).toMatchObject({ 'celery.state': 'FAILURE' });
  expect(run?.attributes['error.type']).toEqual(expect.any(String));
  expect(JSON.stringify(spans())).not.toContain('secret');
});
