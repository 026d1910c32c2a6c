/** What happens to RabbitMQ, and to the connections to it. */

import { unknownAck } from '../../support/amqp-frames.ts';
import { connectOperator } from '../../support/amqp-operator.ts';
import { PASSWORD, USER, VHOST } from '../cluster/broker.ts';
import { AT_ONCE, delayAll, type Fault, RECONNECTS } from './fault.ts';

const closedConnections: Fault = {
  name: 'F1',
  title: 'all connections closed',
  lasts: AT_ONCE,
  recoversWithin: RECONNECTS,
  async inject({ broker }) {
    await broker.ctl('close_all_connections', '-p', VHOST, 'chaos');
    return { what: 'closed all connections', losses: 1 };
  },
};

const closedChannel: Fault = {
  name: 'F2',
  title: 'channels closed (406)',
  lasts: AT_ONCE,
  recoversWithin: RECONNECTS,
  async inject({ workers, random }) {
    const worker = random.pick(workers.all);
    worker.proxy.inject(unknownAck(1));
    return { what: `acknowledged what was never delivered, as ${worker.name}`, losses: 1 };
  },
};

const stoppedBroker: Fault = {
  name: 'F3',
  title: 'broker stopped and started',
  lasts: [5, 10],
  recoversWithin: RECONNECTS,
  async inject({ broker, workers }) {
    await broker.ctl('stop_app');
    const heal = async () => void (await broker.ctl('start_app'));
    return { what: 'stopped the broker', losses: 1, unready: workers.all, heal };
  },
};

const killedBroker: Fault = {
  name: 'F4',
  title: 'broker killed and started',
  lasts: [2, 6],
  recoversWithin: RECONNECTS,
  async inject({ broker, workers }) {
    await broker.kill();
    return { what: 'killed the broker', losses: 1, unready: workers.all, heal: broker.start };
  },
};

const memoryAlarm: Fault = {
  name: 'F5',
  title: 'memory alarm',
  lasts: [5, 15],
  recoversWithin: RECONNECTS,
  async inject({ broker, workers }) {
    await broker.ctl('set_vm_memory_high_watermark', '0');
    const heal = async () => void (await broker.ctl('set_vm_memory_high_watermark', '0.4'));
    return { what: 'raised a memory alarm', ready: workers.all, heal };
  },
};

const diskAlarm: Fault = {
  name: 'F5',
  title: 'disk alarm',
  lasts: [5, 15],
  recoversWithin: RECONNECTS,
  async inject({ broker, workers }) {
    await broker.ctl('set_disk_free_limit', '9999GB');
    const heal = async () => void (await broker.ctl('set_disk_free_limit', '50MB'));
    return { what: 'raised a disk alarm', ready: workers.all, heal };
  },
};

const halfOpen: Fault = {
  name: 'F6',
  title: 'connections half-open',
  lasts: [14, 20],
  recoversWithin: RECONNECTS,
  async inject({ workers, random }) {
    const { name, proxy, ...worker } = random.pick(workers.all);
    proxy.hold();
    const unready = workers.all.filter((each) => each.ownQueue === worker.ownQueue);
    const heal = async (): Promise<void> => {
      proxy.cut();
      await proxy.accept();
    };
    return { what: `held what ${name} and the broker say to each other`, losses: 2, unready, heal };
  },
};

const slowNetwork: Fault = {
  name: 'F30',
  title: 'slow network',
  lasts: [8, 15],
  recoversWithin: RECONNECTS,
  async inject({ workers, random }) {
    const milliseconds = random.integer(50, 500);
    delayAll(workers, milliseconds);
    const what = `delayed everything by ${milliseconds} ms`;
    return { what, ready: workers.all, heal: async () => delayAll(workers, 0) };
  },
};

const deletedQueue: Fault = {
  name: 'F32',
  title: 'queue deleted',
  lasts: AT_ONCE,
  recoversWithin: RECONNECTS,
  async inject({ broker, workers, random }) {
    const { name, ownQueue } = random.pick(workers.all);
    const operator = await connectOperator(broker.url);
    await operator.deleteQueue(ownQueue);
    await operator.close();
    return { what: `deleted the queue of ${name} alone`, losses: 1 };
  },
};

const changedPassword: Fault = {
  name: 'F32',
  title: 'password changed',
  lasts: [4, 8],
  recoversWithin: RECONNECTS,
  async inject({ broker, workers }) {
    await broker.ctl('change_password', USER, 'another');
    await broker.ctl('close_all_connections', '-p', VHOST, 'chaos');
    const heal = async () => void (await broker.ctl('change_password', USER, PASSWORD));
    return { what: 'changed the password', losses: 1, unready: workers.all, heal };
  },
};

export const brokerFaults: readonly Fault[] = [
  ...[closedConnections, closedChannel, stoppedBroker, killedBroker, memoryAlarm, diskAlarm],
  ...[halfOpen, slowNetwork, deletedQueue, changedPassword],
];
