/** An executor with as little memory as one has in a container of 256 MiB: what is too large is refused. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readNotebook } from '../../src/notebook/notebook.ts';
import { findOnPath } from '../../src/services/commands.ts';
import { grow, hoard } from '../support/execution-tasks.ts';
import { notebookOf, outputsOf, textOfOutput } from '../support/notebooks.ts';
import { pythonPath } from '../support/python.ts';
import { EXECUTION_TASKS } from '../support/sender.ts';
import { metric, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const TIMEOUT = { timeout: 60_000 };
const hasCommand = findOnPath('prlimit', process.env.PATH) !== null;

async function useSmallWorker(mebibytes = 156) {
  const flags = [EXECUTION_TASKS, '-c', '1', '--memory-limit', String(mebibytes * 1024)];
  const place = { ...usePlace(), environment: { OMEGA_PYTHON: pythonPath() } };
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, flags)]);
  return { om, worker };
}

describe.skipIf(!hasCommand)('with little memory', () => {
  it('a task whose typed arrays are too large fails with what it may take, and the next one succeeds', async () => {
    const { om, worker } = await useSmallWorker();
    const { path } = useTrace();
    await expect(om.runtime.task(grow)({ path, megabytes: 2000 }).get(TIMEOUT)).rejects.toThrow(
      /MemoryError.*needs more memory than the 159744 KiB that an executor may take: give it less to do/,
    );
    expect(await om.runtime.task(grow)({ path, megabytes: 32 }).get(TIMEOUT)).toBe(1);
    expect(await metric(worker, 'omega_executor_restarts_total{reason="memory"}')).toBe(0);
  });

  it('its executor, which has what the task has left, is replaced before the next one', async () => {
    const { om, worker } = await useSmallWorker();
    const { path } = useTrace();
    await expect(om.runtime.task(grow)({ path, megabytes: 2000 }).get(TIMEOUT)).rejects.toThrow(
      'MemoryError',
    );
    await om.runtime.task(grow)({ path, megabytes: 1 }).get(TIMEOUT);
    expect(await metric(worker, 'omega_executor_restarts_total{reason="spent"}')).toBe(1);
  });

  it('a task that fills its heap fails with how large that is, and the next one succeeds', async () => {
    const { om, worker } = await useSmallWorker();
    const { path } = useTrace();
    const executors = worker.executorPids();
    await expect(om.runtime.task(hoard)({}).get(TIMEOUT)).rejects.toThrow(
      /MemoryError.*needs more than the \d\d MiB of JavaScript heap that it may use: give it less data/,
    );
    expect(await om.runtime.task(grow)({ path, megabytes: 32 }).get(TIMEOUT)).toBe(1);
    expect(worker.executorPids()).toEqual(executors);
  });

  it('an ONNX model predicts', async () => {
    const { om } = await useSmallWorker();
    const folder = fileURLToPath(new URL('../fixtures/onnx/', import.meta.url));
    const { 'logistic-strings': expected } = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8'));
    await om.models.put(`${folder}logistic-strings.onnx`, 'iris');
    expect(await om.runtime.model('iris').predict(expected.X).get(TIMEOUT)).toEqual(expected.predict);
  });

  it.each([
    ['python3', 156, 'print(sum(range(5)))'],
    // Its kernel takes 160 MiB.
    ['deno', 320, 'console.log(String([1, 2, 3, 4].reduce((sum, n) => sum + n)))'],
  ])('a notebook runs: %s', async (kernel, mebibytes, source) => {
    const { om } = await useSmallWorker(mebibytes);
    await om.jobs.put(notebookOf(kernel, source), 'sums');
    await om.runtime.job('sums').run().get(TIMEOUT);
    const { attributes } = await om.jobs.metadata('sums');
    const [result] = attributes.job_results as string[];
    const run = readNotebook(await om.jobs.get(String(result)), 'result');
    const [outputs = []] = outputsOf(run);
    expect(outputs.map((output) => textOfOutput(output).trim())).toEqual(['10']);
  });
});
