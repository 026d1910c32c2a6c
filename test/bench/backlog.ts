/**
 * Tasks a second from a backlog that is there before the worker goes on: nothing but the worker, its
 * executors and the services share the machine then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTransport } from '../../src/broker/transport.ts';
import type { Transport } from '../../src/contract/transport.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { encodeTask } from '../../src/protocol/task-message.ts';
import { brokerUrl } from '../support/services.ts';
import { QUEUES, type Race, type ResultPath, resultsUrl } from './contestants.ts';
import { childrenOf, cpuMicroseconds } from './process-usage.ts';
import type { Contestant } from './statistics.ts';

/** What is waited for: a reply to each task, a document of each, or the reply to the last one only. */
export type Yield = 'replies' | 'documents' | 'last reply';

interface Drain {
  readonly tasksPerSecond: number;
  /** CPU in microseconds for each task: of the process that talks to the broker, and of those that run tasks. */
  readonly supervisorCpu: number;
  readonly executorsCpu: number;
}

export interface Drainer {
  /** Publishes `count` tasks while the worker stands still, lets it go, and waits until it has done them all. */
  drain(contestant: Contestant, count: number): Promise<Drain>;
  close(): Promise<void>;
}

const POLL_MS = 5;
const TASK = 'bench.empty';

export async function openDrainer({ workers }: Race, path: ResultPath, yields: Yield): Promise<Drainer> {
  const transport = await connectTransport({ url: brokerUrl(), name: 'bench' });
  let replies = 0;
  await transport.onReply(() => {
    replies += 1;
  });
  const stores = path === 'rpc' ? null : await openStores();

  /** Resolves when all of them have been answered. */
  async function answered(contestant: Contestant, count: number): Promise<void> {
    const wanted = yields === 'last reply' ? 1 : count;
    for (;;) {
      const there = yields === 'documents' ? await stores?.count(contestant) : replies;
      if ((there ?? 0) >= wanted) return;
      await sleep(POLL_MS);
    }
  }

  return {
    async drain(contestant, count) {
      const worker = workers[contestant];
      await stores?.empty(contestant);
      replies = 0;
      worker.freeze();
      await publishBacklog(transport, QUEUES[contestant], count, yields === 'last reply');
      const before = usageOf(worker.pid);
      const start = performance.now();
      worker.thaw();
      await answered(contestant, count);
      const seconds = (performance.now() - start) / 1000;
      const after = usageOf(worker.pid);
      return {
        tasksPerSecond: count / seconds,
        supervisorCpu: (after.supervisor - before.supervisor) / count,
        executorsCpu: (after.executors - before.executors) / count,
      };
    },
    async close() {
      await transport.close();
      await stores?.close();
    },
  };
}

function usageOf(pid: number): { supervisor: number; executors: number } {
  const executors = childrenOf(pid).reduce((sum, child) => sum + cpuMicroseconds(child), 0);
  return { supervisor: cpuMicroseconds(pid), executors };
}

/** With `silent` only the last task asks for its result. */
async function publishBacklog(
  transport: Transport,
  queue: string,
  count: number,
  silent: boolean,
): Promise<void> {
  const sent = Array.from({ length: count }, (_, index) =>
    transport.publish(
      encodeTask({
        taskId: crypto.randomUUID(),
        taskName: TASK,
        args: [],
        kwargs: {},
        queue,
        replyTo: transport.oid,
        ignoreResult: silent && index < count - 1,
      }),
    ),
  );
  await Promise.all(sent);
}

interface Stores {
  count(contestant: Contestant): Promise<number>;
  empty(contestant: Contestant): Promise<void>;
  close(): Promise<void>;
}

async function openStores(): Promise<Stores> {
  const mongos: Readonly<Record<Contestant, Mongo>> = {
    omega: await connectMongo(resultsUrl('omega')),
    peer: await connectMongo(resultsUrl('peer')),
  };
  const results = (contestant: Contestant) => mongos[contestant].db.collection('celery_taskmeta');
  return {
    count: (contestant) => results(contestant).estimatedDocumentCount(),
    async empty(contestant) {
      await results(contestant).deleteMany({});
    },
    async close() {
      await Promise.all(Object.values(mongos).map((mongo) => mongo.close()));
    },
  };
}
