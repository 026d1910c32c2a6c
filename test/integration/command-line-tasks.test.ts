import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { until, useOperator } from '../support/broker-harness.ts';
import { useControl } from '../support/control.ts';
import { type Place, useClient, usePlace, useWorker } from '../support/worker.ts';

const CLI = resolve('dist/src/cli/main.js');

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function environmentOf({ mongoUrl, broker, queue }: Place): NodeJS.ProcessEnv {
  return { ...process.env, OMEGA_MONGO_URL: mongoUrl, OMEGA_BROKER: broker, OMEGA_WORKER_LABEL: queue };
}

function omega(place: Place, ...args: readonly string[]): Promise<Ended> {
  const options = { env: environmentOf(place), cwd: tmpdir() };
  return new Promise((done) => {
    execFile(process.execPath, [CLI, ...args], options, (error, stdout, stderr) => {
      done({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

it('a task is called, and its result asked for', async () => {
  const place = usePlace();
  await useWorker(place);
  const waited = await omega(place, 'call', 'test.add', '--kwargs', '{"x": 1, "y": 2}', '--wait', '--json');
  expect(waited.status).toBe(0);
  const { id, result } = JSON.parse(waited.stdout);
  expect(result).toBe(3);
  expect(await omega(place, 'result', id)).toMatchObject({ status: 0, stdout: '3\n' });
  const failed = await omega(place, 'call', 'test.add', '--countdown', '0.1', '--wait');
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/^omega: TypeError: /);
}, 60_000);

it('tasks that wait are removed, after a yes; a queue that is named and missing is told', async () => {
  const place = usePlace();
  const om = await useClient(place);
  await Promise.all([om.runtime.send('test.add').sent, om.runtime.send('test.add').sent]);
  expect((await omega(place, 'purge')).status).toBe(2);
  const purged = await omega(place, 'purge', '--yes', '-Q', `${place.queue},${place.queue}-none`, '--json');
  expect(JSON.parse(purged.stdout)).toEqual({ purged: 2, missing: [`${place.queue}-none`] });
  expect(purged.status).toBe(5);
}, 60_000);

it('the state of a task that nobody runs is PENDING', async () => {
  expect(await omega(usePlace(), 'result', 'nowhere')).toMatchObject({ status: 0, stdout: 'PENDING\n' });
});

it('workers are inspected and controlled', async () => {
  const place = usePlace();
  await useWorker(place);
  const { node } = await useControl(place);
  const ping = await omega(place, 'inspect', 'ping', '-d', node);
  expect(ping).toMatchObject({ status: 0, stdout: `${node}: OK\n  pong\n` });
  const limited = await omega(place, 'control', 'rate_limit', 'test.add', '5/m', '-d', node, '--json');
  expect(JSON.parse(limited.stdout)).toEqual({ [node]: { ok: 'new rate limit set successfully' } });
  const registered = await omega(
    place,
    'inspect',
    'registered',
    '-p',
    `${place.queue}*`,
    '-t',
    '2',
    '--json',
  );
  expect(JSON.parse(registered.stdout)[node]).toContain('test.add [rate_limit=5/m]');
  const refused = await omega(place, 'control', 'autoscale', '3', '1', '-d', node);
  expect(refused).toMatchObject({ status: 1, stdout: expect.stringContaining('Autoscale not enabled') });
}, 60_000);

it.each([[['inspect', 'nosuch']], [['control', 'rate_limit', 'test.add']], [['call', 'x', '--args', '{}']]])(
  '%j is wrong usage',
  async (args) => {
    expect((await omega(usePlace(), ...args)).status).toBe(2);
  },
);

it('no answer ends with status 4', async () => {
  const ended = await omega(usePlace(), 'inspect', 'ping', '-d', 'nobody@nowhere', '-t', '0.2');
  expect(ended.status).toBe(4);
  expect(ended.stderr).toMatch(/^omega: no worker replied within 0.2 s/);
});

it('events are shown as they happen, until Ctrl-C', async () => {
  const place = usePlace();
  await useWorker(place, ['--heartbeat-interval', '0.5']);
  const { node, om } = await useControl(place);
  const { child, output } = startEvents(place, '--enable', '--json');
  await until(() => output().includes(`"hostname":"${node}"`), 15_000);
  const { id } = om.runtime.send('test.add', [], { x: 1, y: 2 });
  await until(() =>
    output()
      .split('\n')
      .some((line) => line.includes('"task-succeeded"') && line.includes(id)),
  );
  child.kill('SIGINT');
  const [status] = await once(child, 'exit');
  expect(status).toBe(0);
});

function startEvents(place: Place, ...flags: readonly string[]): { child: ChildProcess; output(): string } {
  const child = spawn(process.execPath, [CLI, 'events', ...flags], {
    env: environmentOf(place),
    cwd: tmpdir(),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  return { child, output: () => text };
}

it('messages that could not run are listed, shown, sent again and removed', async () => {
  const place = usePlace();
  const om = await useClient(place);
  const operator = await useOperator();
  onTestFinished(() => operator.deleteQueue(`${place.queue}.dead`).then(() => undefined));
  const worker = await useWorker(place);
  const fail = async (): Promise<string> => {
    const handle = om.runtime.send('nobody.knows', [], { x: 1 });
    await expect(handle).rejects.toThrow(/NotRegistered/);
    return handle.id;
  };
  const [first, second] = [await fail(), await fail()];
  await worker.stop();

  expect((await omega(place, 'dead', 'list')).stdout).toMatch(
    new RegExp(`^ID .*\n${first} +nobody.knows .*is not registered.*\n${second} `),
  );
  const shown = await omega(place, 'dead', 'show', first, '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({
    id: first,
    queue: place.queue,
    body: expect.stringMatching(/"x"/),
  });
  expect((await omega(place, 'dead', 'requeue')).status).toBe(2);
  expect(await omega(place, 'dead', 'requeue', first)).toMatchObject({
    status: 0,
    stdout: '1 sent again\n',
  });
  expect(await operator.ready(place.queue)).toBe(1);
  expect(await omega(place, 'result', first)).toMatchObject({ stdout: 'PENDING\n' });
  const dropped = await omega(place, 'dead', 'drop', 'nowhere', second);
  expect(dropped).toMatchObject({
    status: 5,
    stdout: '1 removed\n',
    stderr: expect.stringMatching(/no dead message nowhere/),
  });
  expect(await omega(place, 'dead', 'list')).toMatchObject({ status: 0, stdout: 'none\n' });
}, 60_000);
