/** The commands that only look (celery/worker/control.py, `inspect_command`). */
import type { TaskManifest } from '../contract/ipc.ts';
import { OperationNotSupported } from '../errors.ts';
import type { RequestInfo, TaskPlace } from '../protocol/control-replies.ts';
import type { Fields } from '../protocol/fields.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { flag, text, textList } from './arguments.ts';
import type { Commands } from './command.ts';
import type { ControlledWorker } from './controlled-worker.ts';

/** By Celery's names, those of its older versions too. */
export const inspectCommands: Commands = {
  ping: () => ({ ok: 'pong' }),
  hello,
  clock: ({ clock }) => ({ clock: clock.value }),
  active: (worker, args) => worker.active(flag(args, 'safe')),
  dump_active: (worker, args) => worker.active(flag(args, 'safe')),
  reserved: (worker) => worker.reserved(),
  dump_reserved: (worker) => worker.reserved(),
  scheduled: (worker) => worker.scheduled(),
  dump_schedule: (worker) => worker.scheduled(),
  query_task: queryTask,
  registered,
  dump_tasks: registered,
  active_queues: (worker) => worker.queues(),
  revoked: (worker) => worker.revoked(),
  dump_revoked: (worker) => worker.revoked(),
  stats: (worker) => worker.stats(),
  report: (worker) => ({ ok: worker.report() }),
  conf: (worker, args) => worker.settings(flag(args, 'with_defaults')),
  dump_conf: (worker, args) => worker.settings(flag(args, 'with_defaults')),
  memsample: () => `${(process.memoryUsage.rss() / 2 ** 20).toFixed(3)}MB`,
  memdump: () => pythonOnly('memdump'),
  objgraph: () => pythonOnly('objgraph'),
};

/** What a worker that starts asks the others for (Celery's mingle); nothing to itself. */
function hello(worker: ControlledWorker, args: Fields): unknown {
  if (text(args, 'from_node') === worker.hostname) return null;
  worker.mergeRevoked(revokedIn(args));
  return { revoked: worker.revoked(), clock: worker.clock.forward() };
}

/** A list of ids; before Celery 5.7 an object of times by id. */
function revokedIn(args: Fields): string[] {
  const { revoked } = args;
  const isList = Array.isArray(revoked) || typeof revoked !== 'object' || revoked === null;
  return textList(isList ? args : { revoked: Object.keys(revoked) }, 'revoked');
}

function queryTask(worker: ControlledWorker, args: Fields): Record<string, [TaskPlace, RequestInfo]> {
  const wanted = new Set(textList(args, 'ids'));
  const found: [TaskPlace, RequestInfo][] = [
    ...worker.active().map((info): [TaskPlace, RequestInfo] => ['active', info]),
    ...worker.reserved().map((info): [TaskPlace, RequestInfo] => ['reserved', info]),
    ...worker.scheduled().map(({ request }): [TaskPlace, RequestInfo] => ['scheduled', request]),
  ];
  return Object.fromEntries(
    found.filter(([, { id }]) => wanted.has(id)).map((entry) => [entry[1].id, entry]),
  );
}

/** The names of the tasks, with those of the wanted attributes that are set: `name [rate_limit=10/s]`. */
function registered(worker: ControlledWorker, args: Fields): string[] {
  const items = textList(args, 'taskinfoitems');
  const own = [...worker.tasks.values()]
    .filter(({ name }) => !worker.builtins.includes(name))
    .map((task) => describeTask(task, items.length > 0 ? items : ['rate_limit']));
  return [...own, ...(flag(args, 'builtins') ? worker.builtins : [])].sort();
}

function describeTask(task: TaskManifest, items: readonly string[]): string {
  const attributes = new Map<string, unknown>([
    ['name', task.name],
    ['rate_limit', task.rateLimit],
    ['soft_time_limit', task.softTimeLimit],
    ['time_limit', task.timeLimit],
    ['acks_late', task.acksLate],
    ['acks_on_failure_or_timeout', task.acksOnFailureOrTimeout],
    ['ignore_result', task.ignoreResult],
    ['track_started', task.trackStarted],
    ['send_events', task.sendEvents],
  ]);
  const known = items.filter((item) => (attributes.get(item) ?? null) !== null);
  if (known.length === 0) return task.name;
  return `${task.name} [${known.map((item) => `${item}=${pythonText(attributes.get(item))}`).join(' ')}]`;
}

/** Python's `str`. */
function pythonText(value: unknown): string {
  return typeof value === 'string' ? value : pythonRepr(value);
}

function pythonOnly(command: string): never {
  throw new OperationNotSupported(
    `${command} looks into a Python interpreter, and this worker runs on Node: use memsample, or its /metrics`,
  );
}
