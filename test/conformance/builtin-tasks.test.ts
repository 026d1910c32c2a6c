/** Celery's own tasks, sent by name as clients before Celery 4 do. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pythonPath } from '../support/python.ts';
import { useCeleryWorker } from '../support/results-app.ts';
import { usePlace, useWorker } from '../support/worker.ts';

const CLIENT = fileURLToPath(new URL('../python/builtin_tasks.py', import.meta.url));
const TASKS = fileURLToPath(new URL('../../dist/test/support/canvas-tasks.js', import.meta.url));

/** Where Celery fails over what it does not check, ours says what is wrong, or does what was meant. */
const OURS = {
  'accumulate: more than there are': { result: ['TypeError'] },
  'chord without a body': { result: ['DecodeError'] },
  'chord whose header is a group': { others: { body: 6 } },
};

it('come to the same here as in a Celery worker', { timeout: 120_000 }, async () => {
  const place = usePlace();
  const other = `${place.queue}-other`;
  await Promise.all([
    useWorker(place, [TASKS]),
    useCeleryWorker({ ...place, queue: other }, place.mongoUrl, { app: 'canvas_worker' }),
  ]);
  const send = async (queue: string) => {
    const args = [CLIENT, place.broker, place.mongoUrl, queue];
    return JSON.parse((await promisify(execFile)(pythonPath(), args)).stdout);
  };
  const [ours, celerys] = await Promise.all([send(place.queue), send(other)]);
  expect({ ...ours, ...celerysFailures(celerys) }).toEqual(celerys);
  expect(ours).toMatchObject(OURS);
});

function celerysFailures(celerys: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(OURS).map((name) => [name, celerys[name]]));
}
