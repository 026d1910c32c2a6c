/** The image that is built from deploy/Dockerfile, run in containers, against the RabbitMQ and MongoDB of the tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readNotebook } from '../../../src/notebook/notebook.ts';
import { until } from '../../support/broker-harness.ts';
import { grow, hoard } from '../../support/execution-tasks.ts';
import { notebookOf, outputsOf, textOfOutput } from '../../support/notebooks.ts';
import { redisUrl } from '../../support/redis.ts';
import { EXECUTION_TASKS } from '../../support/sender.ts';
import { add, note } from '../../support/tasks.ts';
import { useClient, usePlace, useWorker } from '../../support/worker.ts';
import { imageConfig, imageSize, TARGETS } from './build.ts';
import { useContainer } from './container.ts';

const MIB = 2 ** 20;
const TIMEOUT = { timeout: 90_000 };
const SMALL = { memory: 256 * MIB, cpus: 0.5 };

it.each(TARGETS)('%s is built, and its size is told', (target) => {
  process.stdout.write(`image ${target}: ${imageSize(target)}\n`);
  expect(imageConfig(target)).toMatchObject({ User: '10001:10001', Entrypoint: ['tini', '--', 'omega'] });
});

it.each(TARGETS)(
  '%s takes a task and answers, without root and with nothing to write but /tmp',
  async (target) => {
    const place = usePlace();
    const [om, container] = await Promise.all([useClient(place), useContainer(target, { place })]);
    expect(await om.runtime.task(add)({ x: 40, y: 2 }).get(TIMEOUT)).toBe(42);
    expect(container.exec('id', '-u').trim()).toBe('10001');
    const attempt = 'touch /tmp/a && ! touch /app/a 2>&1; grep -E "^Cap(Eff|Bnd)" /proc/self/status';
    const said = container.exec('sh', '-c', attempt);
    expect(said).toContain('Read-only file system');
    expect(said.match(/\t0000000000000000$/gm)).toHaveLength(2);
  },
);

it('an ONNX model predicts in the smaller image', async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useContainer('worker', { place })]);
  const expected = JSON.parse(readFileSync('test/fixtures/onnx/expected.json', 'utf8'))['logistic-strings'];
  await om.models.put('test/fixtures/onnx/logistic-strings.onnx', 'iris');
  expect(await om.runtime.model('iris').predict(expected.X).get(TIMEOUT)).toEqual(expected.predict);
});

it.each(TARGETS)('%s keeps its results in Redis', async (target) => {
  vi.stubEnv('OMEGA_RESULT_BACKEND', redisUrl());
  onTestFinished(() => void vi.unstubAllEnvs());
  const place = { ...usePlace(), environment: { OMEGA_RESULT_BACKEND: redisUrl() } };
  const [om] = await Promise.all([useClient(place), useContainer(target, { place })]);
  expect(await om.runtime.task(add)({ x: 1, y: 2 }).get(TIMEOUT)).toBe(3);
});

it.each([
  ['python3', 'print(6 * 7)'],
  ['deno', 'console.log(String(6 * 7))'],
])('the image for notebooks runs them: %s', async (kernel, source) => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useContainer('notebook', { place })]);
  await om.jobs.put(notebookOf(kernel, source), 'answer');
  await om.runtime.job('answer').run().get(TIMEOUT);
  const { attributes } = await om.jobs.metadata('answer');
  const [result] = attributes.job_results as string[];
  const [outputs = []] = outputsOf(readNotebook(await om.jobs.get(String(result)), 'result'));
  expect(outputs.map((output) => textOfOutput(output).trim())).toEqual(['42']);
});

describe('with 256 MiB and half a CPU', () => {
  it('there is one slot, and every heap is below the limit', async () => {
    const place = usePlace();
    const container = await useContainer('worker', { place, ...SMALL });
    expect(container.lines.find(({ msg }) => msg === 'ready')).toMatchObject({ slots: 1 });
    const commands = container.exec('sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" "\\n"');
    expect(commands.match(/--max-old-space-size=\d+/g)?.toSorted()).toEqual([
      '--max-old-space-size=64',
      '--max-old-space-size=70',
    ]);
  });

  it('a task that is too large fails with what it may take, and the worker goes on', async () => {
    const place = usePlace();
    const [om, container] = await Promise.all([
      useClient(place),
      useContainer('worker', { place, ...SMALL }),
    ]);
    const path = join(container.shared, 'trace');
    await expect(om.runtime.task(hoard)({}).get(TIMEOUT)).rejects.toThrow(
      /MemoryError.*more than the \d\d MiB of JavaScript heap that it may use/,
    );
    await expect(om.runtime.task(grow)({ path, megabytes: 2000 }).get(TIMEOUT)).rejects.toThrow(
      /MemoryError.*more (memory )?than the 159744 KiB that an executor may take/,
    );
    expect(await om.runtime.task(grow)({ path, megabytes: 32 }).get(TIMEOUT)).toBe(1);
    expect(container.exec('id', '-u').trim()).toBe('10001');
  });
});

describe('SIGTERM in the middle of a task', () => {
  it('lets it finish: status 0, one run', async () => {
    const place = usePlace();
    const [om, container] = await Promise.all([useClient(place), useContainer('worker', { place })]);
    const path = join(container.shared, 'trace');
    const task = om.runtime.task(grow)({ path, megabytes: 32, seconds: 4 });
    await until(() => linesOf(path).length === 1);
    expect(await container.terminate()).toBe(0);
    expect(await task.get(TIMEOUT)).toBe(1);
    expect(linesOf(path)).toEqual(['run']);
  });

  it('gives back what does not end in its time: status 0, and another worker finishes it, once', async () => {
    const place = usePlace();
    const environment = { REMAP_SIGTERM: 'SIGQUIT', OMEGA_SOFT_SHUTDOWN_TIMEOUT: '2' };
    const [om, container] = await Promise.all([
      useClient(place),
      useContainer('worker', { place, environment }),
    ]);
    const path = join(container.shared, 'trace');
    const long = om.runtime.task(grow)({ path, megabytes: 32, seconds: 15 });
    await until(() => linesOf(path).length === 1);
    expect(await container.terminate()).toBe(0);
    await useWorker(place, [EXECUTION_TASKS]);
    expect(await long.get(TIMEOUT)).toBe(1);
    expect(linesOf(path)).toEqual(['run', 'run']);
    const noted = join(container.shared, 'noted');
    expect(await om.runtime.task(note)({ path: noted, text: 'next' }).get(TIMEOUT)).toBe('next');
    expect(linesOf(path)).toHaveLength(2);
  });
});

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    // No task has written yet.
    return [];
  }
}
