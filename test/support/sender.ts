/** Sends tasks with every option of a message, and reads what becomes of them. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { connectTransport } from '../../src/broker/transport.ts';
import { loadSettings, queueDefaults } from '../../src/config.ts';
import { encodeTask, type TaskCall } from '../../src/protocol/task-message.ts';
import { until } from './broker-harness.ts';
import { metric, type Place, type TestWorker } from './worker.ts';

/** The tasks of execution-tasks.ts, as an argument of `useWorker`. */
export const EXECUTION_TASKS = fileURLToPath(
  new URL('../../dist/test/support/execution-tasks.js', import.meta.url),
);

/** Sends one call; answers with its id. Results are read from the store. */
export type Send = (call: Partial<TaskCall> & Pick<TaskCall, 'taskName'>) => Promise<string>;

export async function useSender({ broker, queue }: Place): Promise<Send> {
  const queues = queueDefaults(loadSettings(process.env));
  const transport = await connectTransport({ url: broker, name: 'test sender', retry: false, queues });
  onTestFinished(() => transport.close());
  await transport.declareQueue(queue);
  return async (call) => {
    const taskId = call.taskId ?? randomUUID();
    const rest = { args: [], kwargs: {}, queue, replyTo: 'nobody', ...call };
    await transport.publish(encodeTask({ ...rest, taskId }));
    return taskId;
  };
}

/** Waits until the worker has settled so many deliveries so. */
export async function untilSettled(
  worker: TestWorker,
  place: Place,
  result: Settlement,
  count: number,
): Promise<void> {
  await until(async () => (await settled(worker, place, result)) >= count);
}

/** How many deliveries the worker has settled so. */
export function settled(worker: TestWorker, { queue }: Place, result: Settlement): Promise<number> {
  return metric(worker, `omega_task_acks_total{queue="${queue}",result="${result}"}`);
}

type Settlement = 'ack' | 'reject' | 'requeue';
