import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Place, usePlace, useWorker } from '../support/worker.ts';

const CLI = resolve('dist/src/cli/main.js');

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `omega` at a place, in a folder without services of its own. */
function omega({ mongoUrl, broker, queue }: Place, ...args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, OMEGA_MONGO_URL: mongoUrl, OMEGA_BROKER: broker, OMEGA_WORKER_LABEL: queue };
  return new Promise((done) => {
    execFile(process.execPath, [CLI, ...args], { env, cwd: tmpdir() }, (error, stdout, stderr) => {
      done({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** A file of the test's own. */
function useFile(name: string, content = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'omega-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

it('ping shows who answered', async () => {
  const place = usePlace();
  await useWorker(place);
  const { status, stdout } = await omega(place, 'ping', '--count', '2', '--json');
  expect(status).toBe(0);
  const { trips } = JSON.parse(stdout);
  expect(trips).toHaveLength(2);
  expect(trips[0].worker).toContain(place.queue);
});

it('ping that nobody answers times out with status 4', async () => {
  const { status, stderr } = await omega(usePlace(), 'ping', '--timeout', '0.2');
  expect(status).toBe(4);
  expect(stderr).toMatch(/^omega: task \S+ was not ready within 200 ms/);
});

it('status shows the nodes that answer, with their queues', async () => {
  const place = usePlace();
  await useWorker(place);
  const { stdout } = await omega(place, 'status', '--json');
  const own = JSON.parse(stdout).find(({ queues }: { queues: string[] }) => queues.includes(place.queue));
  expect(own).toMatchObject({ slots: 2, running: 0 });
});

it.each([[[]], [['--json']]])('services status %j hides the passwords of the environment', async (flags) => {
  const place = usePlace('amqp://me:s3cret@mq.example/v');
  const mongoUrl = 'mongodb://me:s3cret@db.example/x?proxyPassword=s3cret';
  const { status, stdout } = await omega({ ...place, mongoUrl }, 'services', 'status', ...flags);
  expect(status).toBe(0);
  expect(stdout).not.toContain('s3cret');
  expect(stdout).toContain('amqp://me:***@mq.example/v');
  expect(stdout).toContain('mongodb://me:***@db.example/x');
});

it('a CSV file comes back as it was put', async () => {
  const place = usePlace();
  const csv = 'name,size,born\n"Smith, J.",1.5,true\nKim,2,false\n';
  expect((await omega(place, 'datasets', 'put', useFile('people.csv', csv), 'people')).status).toBe(0);
  expect((await omega(place, 'datasets', 'list')).stdout).toBe('people\n');
  expect((await omega(place, 'datasets', 'get', 'people')).stdout).toBe(csv);
  expect((await omega(place, 'datasets', 'get', 'people[size]', '--json')).stdout).toBe(
    '[{"size":1.5},{"size":2}]\n',
  );
});

it('a put replaces what is there, or appends to it', async () => {
  const place = usePlace();
  const file = useFile('x.csv', 'x\n1\n');
  for (const flags of [[], [], ['--append']]) await omega(place, 'datasets', 'put', file, 'x', ...flags);
  expect((await omega(place, 'datasets', 'get', 'x')).stdout).toBe('x\n1\n1\n');
});

it('integers beyond 2^53 are printed as they were put', async () => {
  const place = usePlace();
  const json = '{"id":1152921504606846977,"list":[1099511627776]}';
  await omega(place, 'datasets', 'put', useFile('large.json', json), 'large');
  expect((await omega(place, '--json', 'datasets', 'get', 'large')).stdout).toBe(`[${json}]\n`);
});

it('bytes are written to a file as they are', async () => {
  const place = usePlace();
  const target = useFile('copy.bin');
  await omega(place, 'datasets', 'put', useFile('some.bin', '\0\x01binary'), 'some');
  expect((await omega(place, 'datasets', 'get', 'some', target)).status).toBe(0);
  expect(readFileSync(target, 'latin1')).toBe('\0\x01binary');
});

it('what is not there ends with status 5, unless a drop is forced', async () => {
  const place = usePlace();
  for (const store of ['datasets', 'models', 'jobs']) {
    expect((await omega(place, store, 'get', 'nothing')).status).toBe(5);
    expect((await omega(place, store, 'drop', 'nothing')).status).toBe(5);
    expect((await omega(place, store, 'drop', 'nothing', '--force')).status).toBe(0);
  }
});

it('a model is stored, fitted, scored and used by the workers', async () => {
  const place = usePlace();
  await useWorker(place);
  const rows = Array.from({ length: 40 }, (_, i) => `${i},${i < 20 ? 'low' : 'high'}`);
  await omega(place, 'datasets', 'put', useFile('d.csv', ['x,label', ...rows, ''].join('\n')), 'd');
  await omega(place, 'models', 'put', 'RandomForestClassifier', 'm', '--options', '{"nEstimators": 5}');
  const fit = await omega(place, 'runtime', 'model', 'm', 'fit', 'd[x]', 'd[label]');
  expect(fit.stdout).toContain('name=m,');
  const score = await omega(place, 'runtime', 'model', 'm', 'score', 'd[x]', 'd[label]');
  expect(Number(score.stdout)).toBeGreaterThan(0.9);
  const predict = await omega(place, 'runtime', 'model', 'm', 'predict', 'd[x]', '--json');
  expect(JSON.parse(predict.stdout).result.slice(0, 2)).toEqual(['low', 'low']);
});

it('a task that fails ends with status 1 and its error in one line', async () => {
  const place = usePlace();
  await useWorker(place);
  const { status, stderr } = await omega(place, 'runtime', 'model', 'nothing', 'predict', 'd');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^omega: KeyError: there is no 'nothing'.*\n$/);
});

it('--async prints the id of the task and does not wait', async () => {
  const { status, stdout } = await omega(usePlace(), 'runtime', 'model', 'm', 'predict', 'd', '--async');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/);
});

it.each([
  [['nonsense']],
  [['datasets', 'get']],
  [['ping', '--count', 'many']],
  [['runtime', 'model', 'm', 'score', 'd']],
  [['worker', '--concurrency', 'none']],
])('%j is wrong usage: status 2 and a line that says so', async (args) => {
  const { status, stderr } = await omega(usePlace(), ...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^(error|omega): /);
  expect(stderr).not.toContain('    at ');
});

it('a broker that is not there ends with status 3 and a hint', async () => {
  const place = { ...usePlace(), broker: 'amqp://guest:guest@127.0.0.1:1' };
  const { status, stderr } = await omega(place, 'ping');
  expect(status).toBe(3);
  expect(stderr).toContain('hint: omega services start');
});

it('help names every command', async () => {
  const { status, stdout } = await omega(usePlace(), '--help');
  expect(status).toBe(0);
  for (const command of [
    'demo',
    'worker',
    'services',
    'status',
    'ping',
    'datasets',
    'models',
    'jobs',
    'runtime',
    'inspect',
    'control',
    'events',
    'call',
    'result',
    'purge',
  ]) {
    expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  }
});
