/** Answers remote control: what clients ask through the worker's mailbox. */
import type { Broker } from '../broker/broker.ts';
import type { Mailbox, MailboxRequest } from '../broker/mailbox.ts';
import { type ControlledWorker, commands, type RequestInfo } from '../control/commands.ts';
import { decodeControlRequest, encodeControlReply, isAddressedTo } from '../protocol/control.ts';
import { pythonRepr } from '../protocol/repr.ts';
import type { Request, WorkerNode } from './node.ts';
import { reportRevoked } from './revocation.ts';

export interface RemoteControlOptions {
  readonly broker: Broker;
  readonly queues: readonly string[];
  stop(): Promise<void>;
}

export function answerControl(node: WorkerNode, options: RemoteControlOptions): Mailbox {
  const worker = createView(node, options);
  return options.broker.openMailbox(node.hostname, async (message) => {
    try {
      await answer(worker, message, options.broker);
    } catch (err) {
      node.logger.warn({ err }, 'a control request could not be answered');
    }
  });
}

async function answer(worker: ControlledWorker, message: MailboxRequest, broker: Broker): Promise<void> {
  const request = decodeControlRequest(message.body, message.properties);
  if (!isAddressedTo(request, worker.hostname)) return;
  const value = run(worker, request.method, request.arguments);
  const reply = encodeControlReply(request, worker.hostname, value, request.clock + 1);
  if (reply) await broker.publisher.publish(reply);
}

function run(worker: ControlledWorker, method: string, args: Readonly<Record<string, unknown>>): unknown {
  const command = commands.get(method);
  if (!command) return { error: `KeyError(${pythonRepr(method)})` };
  try {
    return command(worker, args);
  } catch (error) {
    return { error: `${(error as Error).name}(${pythonRepr((error as Error).message)})` };
  }
}

function createView(node: WorkerNode, { broker, queues, stop }: RemoteControlOptions): ControlledWorker {
  const { executors, revoked } = node;
  const startedAt = Date.now();
  const all = () => [...node.requests.keys()];
  return {
    hostname: node.hostname,
    active: () =>
      all()
        .filter(isRunning)
        .map((request) => describe(node, request)),
    reserved: () =>
      all()
        .filter((request) => !isRunning(request))
        .map((request) => describe(node, request)),
    registered: () => [...node.tasks.keys()].sort(),
    queues: () => queues,
    stats: () => ({
      total: Object.fromEntries([...node.received].map(([name, { total }]) => [name, total])),
      pid: process.pid,
      uptime: Math.round((Date.now() - startedAt) / 1000),
      prefetch_count: executors.slots,
      pool: {
        implementation: 'omegaml-node:executors',
        'max-concurrency': executors.slots,
        processes: executors.pids,
      },
      broker: {
        hostname: broker.address.hostname,
        port: broker.address.port,
        virtual_host: broker.address.virtualHost,
      },
    }),
    revoke(taskIds, terminate) {
      void revoked.add(taskIds);
      void reportRevoked(node, taskIds);
      const here = all()
        .map(({ message }) => message.taskId)
        .filter((taskId) => taskIds.includes(taskId));
      // What has not started comes back, and is then refused as revoked.
      if (terminate) for (const taskId of here) executors.terminate(taskId);
      else executors.recall(here);
    },
    revoked: () => revoked.list(),
    watch: (taskId, replyTo) => node.watches.add(taskId, replyTo),
    shutdown: () => void stop(),
  };
}

function isRunning({ startedAt }: Request): boolean {
  return startedAt !== null;
}

function describe(node: WorkerNode, { message, delivery, startedAt, pid }: Request): RequestInfo {
  const { exchange, routingKey, redelivered } = message.deliveryInfo;
  return {
    id: message.taskId,
    name: message.taskName,
    args: message.argsRepr,
    kwargs: message.kwargsRepr,
    type: message.taskName,
    hostname: node.hostname,
    time_start: startedAt === null ? null : startedAt / 1000,
    acknowledged: delivery.settled,
    delivery_info: { exchange, routing_key: routingKey, priority: message.priority, redelivered },
    worker_pid: pid,
  };
}
