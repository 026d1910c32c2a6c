import { expect, it } from 'vitest';
import { limited } from '../support/execution-tasks.ts';
import { EXECUTION_TASKS } from '../support/sender.ts';
import { add } from '../support/tasks.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

it('runs limited tasks in their order and at their rate, while others pass them by', async () => {
  const place = usePlace();
  const om = await useClient(place);
  const { path, lines } = useTrace();
  const texts = ['a', 'b', 'c'];
  const handles = texts.map((text) => om.runtime.task(limited)({ path, text }));
  await Promise.all(handles.map(({ sent }) => sent));
  const other = om.runtime.task(add)({ x: 1, y: 2 });
  await useWorker(place, [EXECUTION_TASKS, '-c', '1']);
  expect(await other).toBe(3);
  expect(lines().length).toBeLessThan(texts.length);

  await Promise.all(handles.map((handle) => handle.get({ timeout: 30_000 })));
  const runs = lines().map((line) => line.split(' '));
  expect(runs.map(([text]) => text)).toEqual(texts);
  const [first = 0, ...rest] = runs.map(([, at]) => Number(at));
  // One each three seconds, less what a slow machine delayed the first.
  expect((rest.at(-1) ?? 0) - first).toBeGreaterThan((texts.length - 1) * 3_000 - 1_000);
});

it('runs them as they come in a worker that knows no limits', async () => {
  const place = usePlace();
  const [om] = await Promise.all([
    useClient(place),
    useWorker(place, [EXECUTION_TASKS, '--disable-rate-limits']),
  ]);
  const { path, lines } = useTrace();
  const texts = Array.from({ length: 20 }, (_, i) => `${i}`);
  await Promise.all(texts.map((text) => om.runtime.task(limited)({ path, text }).get({ timeout: 10_000 })));
  expect(lines()).toHaveLength(20);
});
