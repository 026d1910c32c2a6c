/** Tasks and messages that are faults themselves. */
import { randomUUID } from 'node:crypto';
import { signature } from '../../../src/index.ts';
import { encodeTask } from '../../../src/protocol/task-message.ts';
import { malformedMessages } from '../../fixtures/malformed/corpus.ts';
import { connectOperator } from '../../support/amqp-operator.ts';
import { idOf } from '../oracle/check-cluster.ts';
import type { Expectation } from '../oracle/journal.ts';
import { die, effect, endless, grow } from '../tasks.ts';
import { endlessPrediction } from '../workload/builtins.ts';
import { sendUnit } from '../workload/stream.ts';
import { tracedTask } from '../workload/tasks-of-ours.ts';
import { unitOf } from '../workload/unit.ts';
import { AT_ONCE, type Fault, RECONNECTS, type Stage } from './fault.ts';

/** Runs of a task whose executor dies each time, before it is given up. */
const MAX_RUNS = 5;
const TIME_LIMIT_S = 2;
const LARGEST_MALFORMED = 64 * 2 ** 10;

const heapTaker = greedyTask('F11', 'memory limit passed, in the heap', 'heap');
const arrayTaker = greedyTask('F12', 'memory limit passed, beside the heap', 'typed arrays');
const nativeCrash = deadlyTask('F13', 'executor aborts', ['abort', 'segv'], 2);
const poison = deadlyTask('F22', 'poison', ['kill', 'abort'], Number.MAX_SAFE_INTEGER);

const endlessNative: Fault = {
  name: 'F14',
  title: 'endless native code',
  lasts: [4, 4],
  recoversWithin: RECONNECTS,
  async inject(stage) {
    await sendUnit(endlessPrediction(TIME_LIMIT_S), stage);
    return { what: 'sent a prediction that never ends', ready: stage.workers.all };
  },
};

const endlessTask: Fault = {
  name: 'F15',
  title: 'endless task',
  lasts: [4, 4],
  recoversWithin: RECONNECTS,
  async inject(stage) {
    const how = stage.random.pick(['loop', 'regex', 'wait', 'swallow'] as const);
    const id = randomUUID();
    const excType = 'TimeLimitExceeded';
    await sendUnit(
      unitOf(signature(endless, { how }, { taskId: id, timeLimit: TIME_LIMIT_S }), [
        { id, kind: `endless ${how}`, state: 'FAILURE', excType, leavesTrace: false },
      ]),
      stage,
    );
    return { what: `sent a task that never ends (${how})`, ready: stage.workers.all };
  },
};

const malformed: Fault = {
  name: 'F23',
  title: 'malformed messages',
  lasts: AT_ONCE,
  recoversWithin: RECONNECTS,
  async inject({ broker, queue, journal, workers, random }) {
    const all = malformedMessages('/dev/null/never').filter(
      ({ body, taskId, properties }) => body.length < LARGEST_MALFORMED && taskId === idOf(properties),
    );
    const chosen = Array.from({ length: 8 }, () => random.pick(all));
    const distinct = [...new Set(chosen)];
    const sending = journal.begin(distinct.map(({ taskId, name }) => refused(String(taskId), name)));
    const operator = await connectOperator(broker.url);
    await operator.publish(queue, distinct);
    await operator.close();
    sending.confirmedAt = sending.endedAt = Date.now();
    return { what: `sent ${distinct.length} malformed messages`, ready: workers.all };
  },
};

const duplicates: Fault = {
  name: 'F26',
  title: 'duplicates',
  lasts: AT_ONCE,
  recoversWithin: RECONNECTS,
  async inject({ transport, queue, journal, random, om }) {
    const [taskId, copies] = [randomUUID(), random.integer(2, 8)];
    const sending = journal.begin([{ ...tracedTask('duplicate', taskId, 8), runs: copies }]);
    const call = { taskId, taskName: effect.name, args: [], kwargs: { value: 7 }, queue, replyTo: 'nobody' };
    const publishing = Array.from({ length: copies }, () => transport.publish(encodeTask(call)));
    await Promise.all(publishing);
    sending.confirmedAt = Date.now();
    om.runtime
      .result(taskId)
      .get()
      .then(
        () => {
          sending.endedAt = Date.now();
        },
        () => undefined,
      );
    return { what: `sent a message ${copies} times` };
  },
};

export const taskFaults: readonly Fault[] = [
  ...[heapTaker, arrayTaker, nativeCrash, poison],
  ...[endlessNative, endlessTask, malformed, duplicates],
];

/** A task that is ended because it takes too much memory; it is not run again. */
function greedyTask(name: string, title: string, where: 'heap' | 'typed arrays'): Fault {
  return {
    ...{ name, title, lasts: [4, 4], recoversWithin: RECONNECTS },
    async inject(stage: Stage) {
      const id = randomUUID();
      const end = { state: 'FAILURE', excType: 'MemoryError', leavesTrace: true } as const;
      const sig = signature(grow, { where }, { taskId: id });
      await sendUnit(unitOf(sig, [{ id, kind: title, ...end }]), stage);
      return { what: `sent a task that takes memory without end (${where})`, ready: stage.workers.all };
    },
  };
}

/** A task that ends its executor; more often than it may, and it is given up. */
function deadlyTask(
  name: string,
  title: string,
  ways: readonly ('abort' | 'segv' | 'kill')[],
  times: number,
): Fault {
  return {
    ...{ name, title, lasts: [3, 3], recoversWithin: RECONNECTS },
    async inject(stage: Stage) {
      const [id, how] = [randomUUID(), stage.random.pick(ways)];
      const isPoison = times >= MAX_RUNS;
      const end: Expectation = isPoison
        ? {
            ...{ id, kind: title, state: 'FAILURE', excType: 'WorkerLostError' },
            ...{ leavesTrace: true, runs: MAX_RUNS, isDead: true },
          }
        : { ...tracedTask(title, id, 'alive'), runs: times + 1 };
      await sendUnit(unitOf(signature(die, { times, how }, { taskId: id }), [end]), stage);
      return { what: `sent a task that ends its executor (${how})`, ready: stage.workers.all };
    },
  };
}

function refused(id: string, name: string): Expectation {
  return { id, kind: `malformed: ${name}`, state: 'FAILURE', leavesTrace: false, isDead: true };
}
