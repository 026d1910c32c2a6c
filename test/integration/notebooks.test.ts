import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidNotebook, NotebookNotFound } from '../../src/errors.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createJobs, type Jobs } from '../../src/store/notebooks.ts';
import { mongoUrl } from '../support/services.ts';

const NOTEBOOK = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: 'python3' } },
  cells: [
    { cell_type: 'code', id: 'a1', metadata: {}, source: ['1 + ', '1'], outputs: [], execution_count: null },
  ],
};

let mongo: Mongo;
let jobs: Jobs;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('notebooks'));
  await mongo.db.dropDatabase();
  jobs = createJobs(mongo, { bucket: 'omegaml' });
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

function runOf(taskId?: string): Parameters<Jobs['recordRun']>[1] {
  const startedAt = new Date(2026, 10, 23, 8, 39, 13, 571);
  return { notebook: NOTEBOOK, status: 'OK', message: '', startedAt, ...(taskId ? { taskId } : {}) };
}

describe('a notebook', () => {
  it.each([
    ['an object', NOTEBOOK],
    ['JSON text', JSON.stringify(NOTEBOOK)],
    ['the bytes of a file', Buffer.from(`\uFEFF${JSON.stringify(NOTEBOOK)}`)],
  ])('is put as %s, and has a name that ends in .ipynb', async (_, given) => {
    expect((await jobs.put(given, 'nb')).name).toBe('nb.ipynb');
    expect(await jobs.get('nb.ipynb')).toEqual(NOTEBOOK);
  });

  it.each([
    ['no JSON', 'print(1)'],
    ['nbformat 3', { nbformat: 3, metadata: {}, worksheets: [] }],
    ['without cells', { nbformat: 4, nbformat_minor: 5, metadata: {} }],
    ['something else', { a: 1 }],
  ])('is refused when it is %s', async (_, given) => {
    await expect(jobs.put(given, 'bad')).rejects.toThrow(InvalidNotebook);
    await expect(jobs.put(given, 'bad')).rejects.toThrow(/'bad\.ipynb'/);
  });

  it('that is not there is reported by name', async () => {
    await expect(jobs.get('none')).rejects.toThrow(NotebookNotFound);
    await expect(jobs.recordRun('none', runOf())).rejects.toThrow(/none\.ipynb/);
    expect(await jobs.drop('none', { force: true })).toBe(false);
  });
});

describe('a run', () => {
  it('leaves results and a note on the notebook, as omega|ml does', async () => {
    const taskId = randomUUID();
    await jobs.put(NOTEBOOK, 'noted');
    const message = `${'a'.repeat(100)}${'b'.repeat(100)}`;
    const results = await jobs.recordRun('noted', { ...runOf(taskId), status: 'ERROR', message });
    expect(results.name).toMatch(/^results\/noted_2026-11-23 08:39:13\.571\d{3}\.ipynb$/);
    expect(results.attributes).toEqual({ source_job: 'noted' });
    expect((await jobs.metadata('noted')).attributes).toEqual({
      job_results: [results.name],
      job_runs: [
        {
          status: 'ERROR',
          ts: new Date('2026-11-23T08:39:13.571Z'),
          message: `${'a'.repeat(80)}...${'b'.repeat(80)}`,
          results: results.name,
          task_id: taskId,
        },
      ],
      state: 'SUCCESS',
      task_id: taskId,
    });
    expect(await jobs.get(results.name)).toEqual(NOTEBOOK);
  });

  it('of one task is recorded once, also by two workers at the same time', async () => {
    const taskId = randomUUID();
    await jobs.put(NOTEBOOK, 'once');
    const all = await Promise.all([1, 2, 3].map(() => jobs.recordRun('once', runOf(taskId))));
    const again = await jobs.recordRun('once', runOf(taskId));
    expect(new Set([...all, again].map(({ name }) => name)).size).toBe(1);
    expect(await jobs.list('results/once*')).toEqual([again.name]);
  });

  it('that ended before it was noted leaves no results once the task has run again', async () => {
    const taskId = randomUUID();
    const { id } = await jobs.put(NOTEBOOK, 'cut-off');
    const setRuns = (runs: unknown) =>
      mongo.db.collection('metadata').updateOne({ _id: id }, { $set: { 'attributes.job_runs': runs } });
    await setRuns('no list');
    await expect(jobs.recordRun('cut-off', runOf(taskId))).rejects.toThrow(/array/);
    expect(await jobs.list('results/cut-off*')).toHaveLength(1);
    await setRuns([]);
    const other = await jobs.recordRun('cut-off', runOf(randomUUID()));
    const results = await jobs.recordRun('cut-off', { ...runOf(taskId), startedAt: new Date(2027, 0, 1) });
    expect(await jobs.list('results/cut-off*')).toEqual([other.name, results.name]);
    expect(await jobs.get(results.name)).toEqual(NOTEBOOK);
  });

  it('is recorded each time for different tasks', async () => {
    await jobs.put(NOTEBOOK, 'twice');
    await jobs.recordRun('twice', runOf(randomUUID()));
    await jobs.recordRun('twice', runOf());
    expect(await jobs.list('results/twice*')).toHaveLength(2);
    expect((await jobs.metadata('twice')).attributes).toMatchObject({ job_runs: { length: 2 } });
  });

  it('is remembered by the notebook among the last 1,000, and the results of earlier ones stay', async () => {
    const { id } = await jobs.put(NOTEBOOK, 'often');
    const first = await jobs.recordRun('often', runOf());
    const runs = Array.from({ length: 999 }, (_, i) => ({
      task_id: `earlier ${i}`,
      results: `results/${i}`,
    }));
    const names = runs.map(({ results }) => results);
    const earlier = { job_runs: [{ results: first.name }, ...runs], job_results: [first.name, ...names] };
    await mongo.db.collection('metadata').updateOne({ _id: id }, { $set: { attributes: earlier } });
    const last = await jobs.recordRun('often', runOf());
    const { job_runs, job_results } = (await jobs.metadata('often')).attributes;
    expect(job_runs).toEqual([...runs, expect.objectContaining({ results: last.name })]);
    expect(job_results).toEqual([...names, last.name]);
    expect(await jobs.get(first.name)).toEqual(NOTEBOOK);
  });

  it('settles the trigger that it answers', async () => {
    const { id } = await jobs.put(NOTEBOOK, 'triggered');
    const triggers = ['one', 'two'].map((event) => ({ 'event-kind': 'scheduled', event, status: 'PENDING' }));
    await mongo.db
      .collection('metadata')
      .updateOne({ _id: id }, { $set: { 'attributes.triggers': triggers } });
    await jobs.recordRun('triggered', { ...runOf(), event: 'two' });
    expect((await jobs.metadata('triggered')).attributes).toMatchObject({
      triggers: [{ status: 'PENDING' }, { event: 'two', status: 'OK', ts: expect.any(Date) }],
    });
  });
});
