/** Messages recorded from omega|ml's client (JSON), run by our tasks. */
import { readFileSync } from 'node:fs';
import { RandomForestClassifier } from 'ml-random-forest';
import { MultivariateLinearRegression } from 'ml-regression';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PingException } from '../../src/errors.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { NdArray } from '../../src/frame/nd-array.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import type { Stores } from '../../src/tasks/builtin-task.ts';
import { builtinTasks } from '../../src/tasks/builtin-tasks.ts';
import { pythonPath } from '../support/python.ts';
import { mongoUrl } from '../support/services.ts';
import { freshStores, taskContext } from '../support/task-context.ts';

interface Recorded {
  readonly role: 'task' | 'result';
  readonly properties: { readonly headers: { readonly task?: string; readonly id?: string } };
  readonly body_decoded: unknown;
}

type Call = [args: unknown[], kwargs: Record<string, unknown>];

let mongo: Mongo;
let om: Stores;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('omegaml_messages'));
  om = freshStores(mongo);
  const rows = Array.from({ length: 60 }, (_, i) => ({ x1: (i % 7) / 7, x2: (i % 11) / 11 }));
  const labels = rows.map(({ x1, x2 }) => ({ y: 2 * x1 + 3 * x2 + 1 }));
  await om.datasets.put(DataFrame.fromRows(rows), 'X');
  await om.datasets.put(DataFrame.fromRows(labels), 'Y');
  await om.datasets.put(DataFrame.fromRows(rows.slice(0, 3)), 'X3');
  await om.datasets.put(DataFrame.fromRows(rows.map(({ x1 }) => ({ c: x1 > 0.5 ? 1 : 0 }))), 'Yc');
  await om.models.put(new RandomForestClassifier({ nEstimators: 5 }), 'rf');
  await runTask('omegaml.tasks.omega_fit', [['rf', 'X', 'Yc'], {}]);
  for (const name of ['linreg', 'linregfit']) {
    await om.models.put(MultivariateLinearRegression, name);
    await runTask('omegaml.tasks.omega_fit', [[name, 'X', 'Y'], {}]);
  }
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

function messages(name: string): Recorded[] {
  const path = new URL(`../fixtures/omegaml/msg-${name}-json.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The (last) task message of a recording. */
function recordedCall(name: string): { task: string | undefined; call: Call } {
  const message = messages(name).findLast(({ role }) => role === 'task');
  if (!message) throw new Error(`no task message in the recording ${name}`);
  return { task: message.properties.headers.task, call: message.body_decoded as Call };
}

function replay(name: string): Promise<unknown> {
  const { task, call } = recordedCall(name);
  return runTask(task, call);
}

function runTask(name: string | undefined, [args, kwargs]: Call): Promise<unknown> {
  const task = builtinTasks.find((known) => known.name === name);
  if (!task) throw new Error(`no built-in task ${name}`);
  return task.run(args, kwargs, taskContext(om, { hostname: 'h1@vm', notebooks: { python: pythonPath() } }));
}

/** What the Python worker answered. */
function recorded(name: string): unknown {
  const answer = messages(name).findLast(({ role }) => role === 'result');
  if (!answer) throw new Error(`no result in the recording ${name}`);
  return (answer.body_decoded as { result: unknown }).result;
}

it('ping answers with the same fields and values as the Python worker', async () => {
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  expect(await replay('ping-args')).toEqual({ ...(recorded('ping-args') as object), time });
});

it('ping raises with the message that the Python worker raised', async () => {
  const { exc_type, exc_message, exc_module } = recorded('ping-exc') as Record<string, string>;
  const error: unknown = await replay('ping-exc').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PingException);
  const { message, python } = error as PingException;
  expect([message]).toEqual(exc_message);
  expect(python).toEqual({ excType: exc_type, excModule: exc_module });
});

it('fit answers with Metadata text of the same form', async () => {
  const form = (text: unknown) =>
    String(text)
      .replace(/(bucket|kind)=[^,]+/g, '$1=?')
      // Python leaves out microseconds that are 0.
      .replace(/\.\d{6}/, '')
      .replace(/\d/g, '0');
  expect(form(await replay('fit-byname'))).toBe(form(recorded('fit-byname')));
});

it('score answers with the number that the Python worker answered', async () => {
  expect(await replay('score')).toBeCloseTo(recorded('score') as number, 12);
});

it('score is run inside an experiment, too', async () => {
  expect(await replay('experiment')).toBeCloseTo(1, 12);
});

it('predict answers with a value for each row', async () => {
  const values = (await replay('predict-byname')) as number[];
  expect(values).toHaveLength(3);
  [1, 2 / 7 + 3 / 11 + 1, 4 / 7 + 6 / 11 + 1].forEach((value, row) => {
    expect(values[row]).toBeCloseTo(value, 12);
  });
});

it('predict_proba answers with a probability of each class for each row', async () => {
  const rows = (await replay('predict_proba')) as number[][];
  expect(rows.map((row) => row.length)).toEqual([2, 2, 2]);
});

it('predict reads the array that a client has stored for the call', async () => {
  const [[, dataset]] = recordedCall('predict-np-byvalue').call;
  await om.datasets.put(new NdArray('float64', new Float64Array([0.5, 0.25]), [1, 2]), String(dataset));
  expect(await replay('predict-np-byvalue')).toEqual([expect.closeTo(2.75, 12)]);
});

it('predict says that a JSON client has lost its data', async () => {
  await expect(replay('predict-list-byvalue')).rejects.toThrow('OMEGA_PASSTHROUGH_MAX_SIZE=0');
});

it('run_omegaml_job answers with the Metadata text of the results, named as the Python worker names them', async () => {
  const cell = { cell_type: 'code', metadata: {}, source: '1', outputs: [], execution_count: null };
  await om.jobs.put({ nbformat: 4, nbformat_minor: 4, metadata: {}, cells: [cell] }, 'myjob');
  const form = (text: unknown) =>
    String(text)
      .replace(/bucket=[^,]+/, 'bucket=?')
      .replace(/\d/g, '0');
  expect(form(await replay('job-run'))).toBe(form(recorded('job-run')));
});
