import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  InvalidNotebook,
  InvalidTaskError,
  MissingDependency,
  NotebookNotFound,
  SoftTimeLimitExceeded,
} from '../../src/errors.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createFileStore } from '../../src/store/gridfs.ts';
import type { BuiltinContext, Stores } from '../../src/tasks/builtin-task.ts';
import { notebookTask } from '../../src/tasks/notebook-task.ts';
import { pythonPath } from '../support/python.ts';
import { mongoUrl } from '../support/services.ts';
import { freshStores, taskContext } from '../support/task-context.ts';

let mongo: Mongo;
let om: Stores;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('notebook_task'));
});

beforeEach(() => {
  om = freshStores(mongo);
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

function notebook(...sources: string[]) {
  const cells = sources.map((source) => ({
    cell_type: 'code',
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  }));
  const kernelspec = { name: 'python3', display_name: 'Python 3', language: 'python' };
  return { nbformat: 4, nbformat_minor: 4, metadata: { kernelspec }, cells };
}

function run(args: readonly unknown[], kwargs = {}, changes: Partial<BuiltinContext> = {}): Promise<unknown> {
  const context = taskContext(om, { notebooks: { python: pythonPath() }, ...changes });
  return notebookTask.run(args, { pure_python: false, __bucket: null, ...kwargs }, context);
}

async function resultsOf(name: string): Promise<string> {
  const { attributes } = await om.jobs.metadata(name);
  return String((attributes.job_results as unknown[]).at(-1));
}

describe('run_omegaml_job', () => {
  it('stores the executed notebook and answers with its Metadata text', async () => {
    await om.jobs.put(notebook('x = 6', 'x * 7'), 'myjob');
    const text = await run(['myjob'], { timeout: null });
    const results = await resultsOf('myjob');
    expect(results).toMatch(/^results\/myjob_\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\.ipynb$/);
    expect(text).toContain(`<Metadata: Metadata(name=${results},bucket=${om.datasets.bucket},prefix=jobs/,`);
    const { cells } = await om.jobs.get(results);
    expect(cells[1]?.outputs).toMatchObject([{ data: { 'text/plain': '42' } }]);
  });

  it('records a cell that raises as ERROR, and does not fail', async () => {
    await om.jobs.put(notebook('raise ValueError("boom")', 'print(1)'), 'errjob');
    await run(['errjob'], {}, { taskId: 'the-task' });
    const { attributes } = await om.jobs.metadata('errjob');
    expect(attributes).toMatchObject({ state: 'SUCCESS', task_id: 'the-task' });
    expect(attributes.job_runs).toMatchObject([
      { status: 'ERROR', message: expect.stringContaining('boom') },
    ]);
  });

  it('interrupts a cell after the timeout', async () => {
    await om.jobs.put(notebook('import time\ntime.sleep(60)'), 'slow');
    await run(['slow'], { timeout: 0.5 });
    const { attributes } = await om.jobs.metadata('slow');
    expect(attributes.job_runs).toMatchObject([{ status: 'ERROR' }]);
  });

  it('reports the kernel while it lives', async () => {
    await om.jobs.put(notebook('1'), 'myjob');
    const events: [string, number][] = [];
    const children = {
      started: (pid: number) => events.push(['started', pid]),
      ended: (pid: number) => events.push(['ended', pid]),
    };
    await run(['myjob'], {}, { children });
    const pid = events[0]?.[1];
    expect(events).toEqual([
      ['started', pid],
      ['ended', pid],
    ]);
  });

  it('fails with the reason of the abort, and keeps what has run', async () => {
    const marker = join(tmpdir(), `omega-${randomUUID()}`);
    await om.jobs.put(notebook(`open('${marker}', 'w')`, 'import time\ntime.sleep(60)'), 'slow');
    const abort = new AbortController();
    const reason = new SoftTimeLimitExceeded('too long');
    const call = run(['slow'], {}, { signal: abort.signal });
    await vi.waitUntil(() => existsSync(marker), { timeout: 20_000 });
    rmSync(marker);
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect((await om.jobs.get(await resultsOf('slow'))).cells).toHaveLength(2);
  });
});

describe('bad input', () => {
  it('names a notebook that is not there', async () => {
    const call = run(['nojob']);
    await expect(call).rejects.toThrow(NotebookNotFound);
    await expect(call).rejects.toThrow('nojob.ipynb');
  });

  it('names a notebook that is none', async () => {
    await om.jobs.put(notebook('1'), 'broken');
    const gridfile = await createFileStore(mongo.db, om.datasets.bucket).write(
      'x',
      Buffer.from('no notebook'),
    );
    const { id } = await om.jobs.metadata('broken');
    await mongo.db.collection('metadata').updateOne({ _id: id }, { $set: { gridfile } });
    const call = run(['broken']);
    await expect(call).rejects.toThrow(InvalidNotebook);
    await expect(call).rejects.toThrow('broken');
  });

  it('names the interpreter that is not there', async () => {
    await om.jobs.put(notebook('1'), 'myjob');
    const call = run(['myjob'], {}, { notebooks: { python: '/no/python' } });
    await expect(call).rejects.toThrow(MissingDependency);
  });

  it.each([[[]], [[1]], [['myjob', null, '5 s']]])('refuses the arguments %j', async (args) => {
    await expect(run(args)).rejects.toThrow(InvalidTaskError);
  });
});
