import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { useClient, usePlace, useWorker } from '../support/worker.ts';

const hook = fileURLToPath(new URL('../support/refuse-ml.mjs', import.meta.url));
const ml = new URL('../../dist/src/ml/kernels.js', import.meta.url).href;

it('the supervisor starts and serves a task without loading machine learning, threads or tasks', async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [], ['--import', hook])]);
  expect(await om.runtime.ping()).toHaveProperty('message');
});

it('the loader hook that shows it does refuse them', async () => {
  const load = promisify(execFile)(process.execPath, ['--import', hook, '-e', `import('${ml}')`]);
  await expect(load).rejects.toThrow(/the supervisor must not load/);
});
