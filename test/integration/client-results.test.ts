import { expect, it, onTestFinished } from 'vitest';
import { task } from '../../src/contract/task.ts';
import { OperationalError } from '../../src/errors.ts';
import { connect } from '../../src/omega.ts';
import { add, note, spin } from '../support/tasks.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const SOON = { timeout: 15_000 };

it.each(['', 'rpc://'])(
  'a task that expired unseen ends its handle (result backend: "%s")',
  async (backend) => {
    const place = usePlace();
    const om = await connect({ ...connection(place), resultBackend: backend });
    onTestFinished(() => om.close());
    const handle = om.runtime.send('test.add', [], { x: 1, y: 2 }, { expires: 0.2 });
    const failure = { taskId: handle.id, excType: 'TaskRevokedError', message: 'TaskRevokedError: expired' };
    await expect(handle.get(SOON)).rejects.toMatchObject(failure);
    expect(await handle.state()).toBe('REVOKED');
  },
);

it('a task that started before it expired gives its result', async () => {
  const place = usePlace();
  const [om, trace] = [await useClient(place), useTrace()];
  await useWorker(place);
  const input = { path: trace.path, text: 'done', seconds: 5 };
  expect(await om.runtime.task(note)(input, { expires: 2 }).get(SOON)).toBe('done');
});

it.each(['', 'rpc://'])(
  'closing a client ends what waits for results (result backend: "%s")',
  async (backend) => {
    const om = await connect({ ...connection(usePlace()), resultBackend: backend });
    const handle = om.runtime.task(add)({ x: 1, y: 1 });
    await handle.sent;
    const ended = expect(handle.get(SOON)).rejects.toBeInstanceOf(OperationalError);
    await om.close();
    await ended;
    await expect(handle.get(SOON)).rejects.toThrow(/connection was closed/);
  },
);

it("a worker's time limit applies to the tasks of a client that sets none", async () => {
  const place = usePlace();
  const [om, worker, trace] = [
    await useClient(place),
    await useWorker(place, ['--time-limit', '1']),
    useTrace(),
  ];
  await expect(om.runtime.task(spin)({ path: trace.path }).get(SOON)).rejects.toThrow(/limit of 1 s/);
  expect(worker.process.exitCode).toBeNull();
});

it('the time limit of a definition applies to the tasks that are sent by it', async () => {
  const place = usePlace();
  const [om, trace] = [await useClient(place), useTrace()];
  await useWorker(place);
  const limited = task({ ...spin, timeLimit: 1 });
  await expect(om.runtime.task(limited)({ path: trace.path }).get(SOON)).rejects.toThrow(/limit of 1 s/);
});

it('more results than are kept reach all who wait, on rpc://', async () => {
  const place = usePlace();
  const om = await connect({ ...connection(place), resultBackend: 'rpc://' });
  onTestFinished(() => om.close());
  const handles = Array.from({ length: 12_000 }, (_, i) =>
    om.runtime.send<number>('test.echo', [], { value: i }),
  );
  const all = Promise.all(handles);
  await useWorker(place);
  expect(await all).toHaveLength(12_000);
}, 120_000);

function connection(place: Place) {
  return { mongoUrl: place.mongoUrl, broker: place.broker, queues: place.queue };
}
