/** The commands that change something (celery/worker/control.py, `control_command`). */
import type { TaskManifest } from '../contract/ipc.ts';
import type { Acknowledgement } from '../protocol/control-replies.ts';
import type { Fields } from '../protocol/fields.ts';
import { optionalSeconds, text } from './arguments.ts';
import { type Commands, NO_REPLY } from './command.ts';
import type { ControlledWorker } from './controlled-worker.ts';

/** By Celery's names; those about revoked tasks, queues and slots have files of their own. */
export const controlCommands: Commands = {
  rate_limit: rateLimit,
  time_limit: timeLimit,
  enable_events: enableEvents,
  disable_events: disableEvents,
  heartbeat: (worker) => worker.beat(REQUESTED_BEAT),
  // Celery itself holds no elections, and its answer to one ended the worker: nothing is answered here.
  election: () => null,
  shutdown(worker) {
    worker.shutdown();
    return NO_REPLY;
  },
};

/** Seconds that Celery announces in a heartbeat on request. */
const REQUESTED_BEAT = 5;

function rateLimit(worker: ControlledWorker, args: Fields): Acknowledgement {
  const rate = readRate(args.rate_limit);
  if (rate === undefined)
    return { error: 'Invalid rate limit string: write it as 10/s, 100/m or 5/h; 0 for none' };
  if (!change(worker, args, { rateLimit: rate })) return { error: 'unknown task' };
  return { ok: rate === null ? 'rate limit disabled successfully' : 'new rate limit set successfully' };
}

/** Null for no limit, undefined for what is no rate. A number is one per second, as in Celery. */
function readRate(value: unknown): string | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  const rate = String(value);
  if (!/^\d{1,9}(\.\d{1,9})?(\/[smh])?$/.test(rate)) return undefined;
  if (Number.parseFloat(rate) === 0) return null;
  return rate.includes('/') ? rate : `${rate}/s`;
}

function timeLimit(worker: ControlledWorker, args: Fields): Acknowledgement {
  const limits = { softTimeLimit: optionalSeconds(args, 'soft'), timeLimit: optionalSeconds(args, 'hard') };
  if (!change(worker, args, limits)) return { error: 'unknown task' };
  return { ok: 'time limits set successfully' };
}

/** False when there is no such task. */
function change({ tasks }: ControlledWorker, args: Fields, limits: Partial<TaskManifest>): boolean {
  const task = tasks.get(text(args, 'task_name'));
  if (task) tasks.set(task.name, { ...task, ...limits });
  return task !== undefined;
}

function enableEvents(worker: ControlledWorker): Acknowledgement {
  if (worker.taskEvents) return { ok: 'task events already enabled' };
  worker.taskEvents = true;
  return { ok: 'task events enabled' };
}

function disableEvents(worker: ControlledWorker): Acknowledgement {
  if (!worker.taskEvents) return { ok: 'task events already disabled' };
  worker.taskEvents = false;
  return { ok: 'task events disabled' };
}
