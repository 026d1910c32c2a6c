/** Settings and options of Celery that no other test shows. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { link } from '../../src/contract/signature-options.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { connect } from '../../src/omega.ts';
import { decodeEvents, type WireEvent } from '../../src/protocol/event.ts';
import { consume, until, useBroker, useQueue, useTransport } from '../support/broker-harness.ts';
import { announced } from '../support/execution-tasks.ts';
import { EXECUTION_TASKS } from '../support/sender.ts';
import { add, note } from '../support/tasks.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

it('calls the functions of a task, and stores the failure that its annotation wants kept', async () => {
  const annotations = { 'exec.announced': { store_errors_even_if_ignored: true } };
  vi.stubEnv('OMEGA_TASK_ANNOTATIONS', JSON.stringify(annotations));
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, [EXECUTION_TASKS])]);
  const { path, lines } = useTrace();
  const { id } = om.runtime.send(announced.name, [], { path });
  await expect(om.runtime.result(id).get({ timeout: 10_000 })).rejects.toThrow(/as announced/);
  expect(lines()).toEqual(['before exec.announced', 'failed RangeError: as announced', 'after FAILURE']);
  const findFailure = () =>
    worker.lines.find(({ task_id, msg }) => task_id === id && /failed/.test(`${msg}`));
  await until(() => findFailure() !== undefined);
  const failure = findFailure();
  expect(failure).toMatchObject({ level: 30, exception: 'ValueError' });
  expect(failure).not.toHaveProperty('traceback');
});

it('hands the priority of a task on to those that it leads to, where it is told so', async () => {
  vi.stubEnv('OMEGA_INHERIT_PARENT_PRIORITY', 'true');
  const place = usePlace();
  const [om, broker] = await Promise.all([useClient(place), useBroker(), useWorker(place)]);
  const later = await useQueue();
  const { deliveries } = await consume(broker, [later]);
  const first = signature(add, { x: 1, y: 2 }, { priority: 7 });
  await om.runtime.apply(link(first, signature('later', [], {}, { queue: later }))).get({ timeout: 10_000 });
  await until(() => deliveries.length === 1);
  expect(deliveries[0]?.properties.priority).toBe(7);
});

it('replaces its executors when its pool is restarted, and lets what runs end', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['-c', '1'])]);
  const { path, lines } = useTrace();
  const destination = [String(worker.lines[0]?.worker)];
  const tell = (command: string) => om.runtime.control.broadcast(command, {}, { destination });
  const executors = async () => {
    const [stats] = Object.values(await om.runtime.control.inspect({ destination }).stats());
    return stats && 'pool' in stats ? stats.pool.processes : [];
  };
  const running = om.runtime.task(note)({ path, text: 'ended', seconds: 1 });
  await until(async () => JSON.stringify(await tell('active')).includes(running.id));
  const before = await executors();
  expect(before).toHaveLength(1);
  expect(Object.values(await tell('pool_restart'))).toEqual([{ ok: 'reload started' }]);
  expect(await running.get({ timeout: 10_000 })).toBe('ended');
  expect(await om.runtime.task(add)({ x: 1, y: 2 })).toBe(3);
  expect(lines()).toEqual(['ended']);
  expect(await executors()).not.toContain(before[0]);
});

it('tells of each task that a client sends, where it is told so', async () => {
  const place = usePlace();
  const om = await connect({ ...place, queues: place.queue, sentEvents: true });
  onTestFinished(() => om.close());
  const transport = await useTransport();
  const heard: WireEvent[] = [];
  await transport.onEvent(({ body }) => void heard.push(...decodeEvents(body)), 'task.sent');
  const { id } = om.runtime.send('shop.add', [1, 2]);
  const findEvent = () => heard.find(({ uuid }) => uuid === id);
  await until(() => findEvent() !== undefined);
  expect(findEvent()).toMatchObject({ type: 'task-sent', name: 'shop.add', queue: place.queue });
});
