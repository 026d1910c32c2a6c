/** The thread's side of user-defined tasks. */
import type { Outcome } from '../contract/job.ts';
import type { AnyTask } from '../contract/task.ts';
import { NotRegistered } from '../errors.ts';
import type { TaskThreadCall } from '../threads/task-thread.ts';
import { runCustomTask } from './custom-task.ts';
import { failureOf } from './outcome.ts';
import { openPortLine } from './port-line.ts';
import { RunLine } from './run-line.ts';
import { importTasks } from './task-module.ts';

/** Runs the task that the call names. Never rejects. */
export async function runInTaskThread({ modulePath, job, port }: TaskThreadCall): Promise<Outcome> {
  const { line, signal } = openPortLine(port);
  const runLine = new RunLine(line);
  try {
    return await runCustomTask(await findTask(modulePath, job.taskName), job, signal, runLine);
  } catch (error) {
    return failureOf(error);
  } finally {
    runLine.end();
    port.close();
  }
}

async function findTask(modulePath: string, name: string): Promise<AnyTask> {
  const task = (await importTasks(modulePath)).find((each) => each.name === name);
  if (task) return task;
  throw new NotRegistered(
    `the module ${modulePath} exports no task '${name}' in a thread: export the same tasks in every thread`,
  );
}
