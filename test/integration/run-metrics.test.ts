/** Where the time of runs goes, and what they move, as Prometheus sees it. */
import { RandomForestRegression } from 'ml-random-forest';
import { expect, it } from 'vitest';
import { chain } from '../../src/contract/canvas.ts';
import { immutable } from '../../src/contract/signature-options.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { echo } from '../support/tasks.ts';
import { metric, type TestWorker, useClient, usePlace, useWorker } from '../support/worker.ts';

const ROWS = Array.from({ length: 500 }, (_, row) => ({ x: row, y: 2 * row }));

function phaseCount(worker: TestWorker, phase: string): Promise<number> {
  return metric(worker, `omega_task_phase_duration_seconds_count{phase="${phase}"}`);
}

it('a fit and predictions show what was loaded, computed and stored, and that the model was kept', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['--concurrency', '1'])]);
  await om.datasets.put(ROWS, 'line');
  await om.models.put(new RandomForestRegression({ nEstimators: 5 }), 'forest');
  const model = om.runtime.model('forest');
  await model.fit('line[x]', 'line[y]');
  await model.predict('line[x]');
  await model.predict('line[x]');
  for (const phase of ['load_model', 'load_data', 'compute', 'store_result']) {
    expect([phase, await phaseCount(worker, phase)]).toEqual([phase, 3]);
  }
  expect(await phaseCount(worker, 'publish')).toBe(0);
  expect(await metric(worker, 'omega_model_cache_requests_total{result="miss"}')).toBe(2);
  expect(await metric(worker, 'omega_model_cache_requests_total{result="hit"}')).toBe(1);
  expect(await metric(worker, 'omega_model_cache_entries')).toBeGreaterThanOrEqual(1);
  expect(await metric(worker, 'omega_model_cache_size_bytes')).toBeGreaterThan(100);
  expect(await metric(worker, 'omega_store_transferred_bytes_total{direction="read"}')).toBeGreaterThan(
    5_000,
  );
  expect(await metric(worker, 'omega_store_transferred_bytes_total{direction="written"}')).toBeGreaterThan(
    100,
  );
});

it('what comes after a task is sent in a phase of its own; results have a size', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const value = 'x'.repeat(5_000);
  const next = immutable(signature('test.plus', [1, 2]));
  expect(await om.runtime.apply(chain(signature(echo.name, [], { value }), next))).toBe(3);
  expect(await phaseCount(worker, 'publish')).toBe(1);
  const sizes = (limit: string) =>
    metric(worker, `omega_task_result_size_bytes_bucket{le="${limit}",task="${echo.name}"}`);
  expect([await sizes('1000'), await sizes('10000')]).toEqual([0, 1]);
});
