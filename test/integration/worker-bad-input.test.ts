import { RandomForestClassifier } from 'ml-random-forest';
import { MultivariateLinearRegression } from 'ml-regression';
import { expect, it } from 'vitest';
import type { Omega } from '../../src/omega.ts';
import type { TaskHandle } from '../../src/runtime/task-handle.ts';
import { useClient, usePlace, useWorker } from '../support/worker.ts';

const rows = Array.from({ length: 30 }, (_, i) => ({ a: i, b: i % 7, label: i < 15 ? 'low' : 'high' }));
const notebook = (source: string) => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: 'deno', display_name: 'Deno', language: 'typescript' } },
  cells: [{ cell_type: 'code', id: 'c1', source, metadata: {}, outputs: [], execution_count: null }],
});

/** What is asked, and what the error must say: the thing and the remedy. */
const cases: readonly [what: string, ask: (om: Omega) => TaskHandle<unknown>, error: RegExp][] = [
  ['an unknown task', (om) => om.runtime.send('nobody.knows'), /NotRegistered.*'nobody\.knows'/],
  ['too few arguments', (om) => om.runtime.send('omegaml.tasks.omega_fit', ['m']), /TypeError/],
  ['arguments of the wrong type', (om) => om.runtime.send('omegaml.tasks.omega_score', [1, 2]), /TypeError/],
  [
    'a dataset that is not there',
    (om) => om.runtime.model('m').fit('gone[a]', 'gone[b]'),
    /KeyError.*'gone'/,
  ],
  ['a model that is not there', (om) => om.runtime.model('gone').predict('X'), /KeyError.*'gone'/],
  ['a model that is not fitted', (om) => om.runtime.model('m').predict('X[a,b]'), /NotFittedError.*'m'/],
  ['columns that do not match', (om) => om.runtime.model('fitted').predict('X[a]'), /ValueError.*b/],
  ['a column that is not there', (om) => om.runtime.model('fitted').predict('X[a,zzz]'), /zzz/],
  ['labels that are missing', (om) => om.runtime.model('m').fit('X[a,b]'), /ValueError|TypeError/],
  ['an empty dataset', (om) => om.runtime.model('m').fit('empty[a]', 'empty[b]'), /ValueError/],
  [
    'values that are missing',
    (om) => om.runtime.model('linear').fit('holes[a]', 'holes[b]'),
    /ValueError.*'a'/,
  ],
  ['a corrupt ONNX file', (om) => om.runtime.model('bad.onnx').predict('X[a,b]'), /ValueError.*bad\.onnx/],
  [
    'a fit of an ONNX file',
    (om) => om.runtime.model('bad.onnx').fit('X[a]', 'X[b]'),
    /NotImplementedError|ValueError/,
  ],
  ['a notebook that is not there', (om) => om.runtime.job('gone').run(), /KeyError.*gone/],
];

it('each ends in a failure that names the thing, and the worker takes the next task', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  await om.datasets.put(rows, 'X');
  await om.datasets.put([], 'empty');
  await om.datasets.put([...rows, { a: Number.NaN, b: 1, label: 'low' }], 'holes');
  await om.models.put(new RandomForestClassifier({ nEstimators: 5 }), 'm');
  await om.models.put(new RandomForestClassifier({ nEstimators: 5 }), 'fitted');
  await om.models.put(MultivariateLinearRegression, 'linear');
  await om.models.put(Buffer.from('this is no ONNX file'), 'bad.onnx');
  await om.runtime.model('fitted').fit('X[a,b]', 'X[label]');

  for (const [what, ask, error] of cases) {
    const answer = await ask(om)
      .get({ timeout: 20_000 })
      .then((result) => `no failure: ${result}`, String);
    expect(answer, what).toMatch(error);
  }
  expect(await om.runtime.model('fitted').score('X[a,b]', 'X[label]')).toBeGreaterThan(0.9);
  expect(worker.process.exitCode).toBeNull();
}, 60_000);

it('that is a failing cell ends the run with the status ERROR, not the task', async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place)]);
  await om.jobs.put(notebook('throw new Error("not today")'), 'report');
  expect(await om.runtime.job('report').run()).toContain('results/report');
  const { attributes } = await om.jobs.metadata('report');
  expect(attributes).toMatchObject({ job_runs: [{ status: 'ERROR' }] });
}, 60_000);
