import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MultivariateLinearRegression } from 'ml-regression';
import { expect, it, onTestFinished } from 'vitest';
import { InvalidData, TaskFailed } from '../../src/errors.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import type { Omega } from '../../src/omega.ts';
import { deleteAfterwards } from '../support/broker-harness.ts';
import { hostileOnnxFiles } from '../support/onnx-files.ts';
import { type Place, type TestWorker, useClient, usePlace, useWorker } from '../support/worker.ts';

const TIMEOUT = { timeout: 60_000 };

/** What a task failed with. */
async function failureOf(om: Omega, task: string, args: readonly unknown[], kwargs = {}): Promise<string> {
  const failure: unknown = await om.runtime
    .send(task, args, kwargs)
    .get(TIMEOUT)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TaskFailed);
  return String(failure);
}

/** A worker and a client, with a dataset and a model that must not be found by what does not name them. */
async function useStores(): Promise<{ om: Omega; worker: TestWorker; place: Place }> {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  await om.datasets.put(
    [1, 2, 3].map((x) => ({ x, y: 2 * x })),
    'secret',
  );
  await om.models.put(MultivariateLinearRegression, 'model');
  await om.runtime.model('model').fit('secret[x]', 'secret[y]').get(TIMEOUT);
  return { om, worker, place };
}

/** A server that notes who comes; its URL. */
async function useNotingServer(): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.end('x,y\n1,2\n');
  });
  server.on('connection', () => requests.push('a connection'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/data.csv`, requests };
}

const TASKS = ['omegaml.tasks.omega_predict', 'omegaml.tasks.omega_fit', 'omegaml.tasks.omega_score'];

it('names that are queries, paths or URLs are names of nothing, and nothing is read for them', async () => {
  const { om, place } = await useStores();
  const { url, requests } = await useNotingServer();
  const queries = [{ $ne: null }, { $gt: '' }, { $where: 'true' }, ['secret'], '$where', 'a\0b', ''];
  const paths = [
    '../../../etc/passwd',
    '/etc/passwd',
    'file:///etc/passwd',
    `${'../'.repeat(100)}etc/passwd`,
    'x'.repeat(300),
  ];
  const urls = [url, url.replace('127.0.0.1', '0x7f.1'), url.replace('http', 'https'), `${url}[x]`];
  for (const name of [...queries, ...paths, ...urls]) {
    const failure = await failureOf(om, TASKS[0] ?? '', [name, [[1]]]);
    expect([name, failure]).toEqual([
      name,
      expect.stringMatching(/TypeError|ValueError|NameError|KeyError|not found|there is no/i),
    ]);
  }
  for (const task of TASKS) {
    for (const name of [...paths, ...urls]) {
      expect(await failureOf(om, task, ['model', name, name])).toMatch(/KeyError.*there is no/);
    }
    for (const bucket of ['a$b', 'a\0b', 'x'.repeat(300), { $ne: null }, '../..']) {
      const failure = await failureOf(om, task, ['model', 'secret', 'secret'], { __bucket: bucket });
      expect(failure).toMatch(/no valid bucket|__bucket|there is no/);
    }
  }
  for (const name of [...queries, ...paths, ...urls]) {
    await failureOf(om, 'omegaml.notebook.tasks.run_omegaml_job', [name]);
  }

  // Data that are said to be elsewhere, as omega|ml's clients may say it.
  const mongo = await connectMongo(place.mongoUrl);
  onTestFinished(() => mongo.close());
  await om.datasets.put(Buffer.from('x'), 'elsewhere');
  await mongo.db.collection('metadata').updateOne({ name: 'elsewhere' }, { $set: { uri: url } });
  expect(await failureOf(om, TASKS[0] ?? '', ['model', 'elsewhere'])).toMatch(/lies outside MongoDB/);
  await expect(om.datasets.get('elsewhere')).rejects.toThrow(/lies outside MongoDB/);
  for (const name of urls) await expect(om.datasets.put(name, 'copied')).rejects.toThrow(InvalidData);
  await expect(om.models.put(`${url}.onnx`, 'copied')).rejects.toThrow(InvalidData);

  expect(requests).toEqual([]);
  expect(await om.datasets.list('*')).toEqual(['elsewhere', 'secret']);
}, 180_000);

it('tasks whose names are paths, or those of what every object has, are refused before an executor hears of them', async () => {
  const { om, place } = await useStores();
  deleteAfterwards(`${place.queue}.dead`);
  const paths = ['../../x', '/etc/passwd', 'node:child_process', 'test.echo '];
  const names = [...paths, '__proto__', 'constructor', 'toString'];
  for (const name of names) expect(await failureOf(om, name, [])).toMatch(/NotRegistered/);
  const dead = await om.runtime.dead().list();
  expect(dead.map(({ taskName }) => taskName)).toEqual(names);
}, 60_000);

it('an ONNX file that is made to harm fails its task, and the worker goes on', async () => {
  const { om, worker } = await useStores();
  const before = worker.executorPids();
  for (const [name, bytes] of hostileOnnxFiles()) {
    await om.models.put(bytes, 'hostile.onnx');
    const failure = await failureOf(om, TASKS[0] ?? '', ['hostile.onnx', [[1], [2]]]);
    expect([name, failure]).toEqual([
      name,
      expect.stringMatching(/ValueError|RuntimeError|MemoryError|OSError|TypeError/),
    ]);
    expect([name, failure]).not.toEqual([name, expect.stringMatching(/root:|WorkerLost/)]);
  }
  expect(await om.runtime.send('test.echo', [], { value: 'still here' }).get(TIMEOUT)).toBe('still here');
  expect(worker.executorPids()).toEqual(expect.arrayContaining(before));
}, 120_000);

it.each(['sklearn.joblib', 'python.model', 'virtualobj.dill', 'python.package', 'pandas.hdf'])(
  'an object that is a pickle is not read: %s',
  async (kind) => {
    const { om, place } = await useStores();
    const mongo = await connectMongo(place.mongoUrl);
    onTestFinished(() => mongo.close());
    await om.models.put(Buffer.from('cos\nsystem\n(Vtouch /tmp/omega-pickled\ntR.'), 'pickled');
    await mongo.db.collection('metadata').updateMany({ name: /^pickled|pickled/ }, { $set: { kind } });
    await om.datasets.put([{ x: 1 }], 'pickled');
    await mongo.db.collection('metadata').updateMany({ name: 'pickled' }, { $set: { kind } });
    expect(await failureOf(om, TASKS[0] ?? '', ['pickled', [[1]]])).toMatch(
      /only Python can read|Python only/,
    );
    expect(await failureOf(om, TASKS[0] ?? '', ['pickled', 'pickled'])).toMatch(
      /only Python can read|Python only/,
    );
    await expect(om.datasets.get('pickled')).rejects.toThrow(/Python only/);
  },
  60_000,
);
