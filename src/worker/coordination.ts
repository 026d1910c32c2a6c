/** The tasks that the supervisor runs itself: they only read results and send messages (celery/app/builtins.py). */
import type { TaskManifest } from '../contract/ipc.ts';
import type { JsonText } from '../contract/job.ts';
import { OperationNotSupported } from '../errors.ts';
import { applyRead, chunksOf } from '../protocol/canvas.ts';
import { chordOf, groupOf, readStep, type Step } from '../protocol/canvas-step.ts';
import { type Fields, isFields, wrong } from '../protocol/fields.ts';
import { parsePlainJson, stringifyJson } from '../protocol/json.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { Verdict } from './admission.ts';
import { unlockChord } from './chord-unlock.ts';
import { parentOf, sendChild } from './continuation.ts';
import { isMalformed } from './failing.ts';
import type { Request, WorkerNode } from './node.ts';
import { failedWith } from './report.ts';
import { applierOf } from './sender.ts';

type CoordinationTask = (node: WorkerNode, request: Request) => Promise<Verdict>;

const DONE: Verdict = { kind: 'success', result: 'null' as JsonText };

const tasks: Readonly<Record<string, CoordinationTask>> = {
  'celery.chord_unlock': (node, request) => unlockChord(node, request, argumentsOf(request.message, UNLOCK)),
  'celery.group': sendGroup,
  'celery.chord': sendChord,
  'celery.chunks': sendChunks,
  'celery.chain': async () => failedWith(notATask()),
  'celery.backend_cleanup': cleanUp,
};

/** Names of the positional arguments. */
const UNLOCK = ['group_id', 'callback', 'interval', 'max_retries', 'result'];
const GROUP = ['tasks', 'result', 'group_id', 'partial_args', 'add_to_parent'];
const CHORD = ['header', 'body', 'partial_args', 'interval', 'countdown', 'max_retries', 'eager'];
const CHUNKS = ['task', 'it', 'n'];

/** By task name. A message that makes no sense fails its task. */
export const coordinationTasks: ReadonlyMap<string, CoordinationTask> = new Map(
  Object.entries(tasks).map(([name, run]) => [name, (node, request) => run(node, request).catch(failure)]),
);

/** What the worker must know of them. */
export const coordinationManifests: readonly TaskManifest[] = Object.keys(tasks).map((name) => ({
  name,
  softTimeLimit: null,
  timeLimit: null,
  acksLate: true,
  acksOnFailureOrTimeout: true,
  rateLimit: null,
  ignoreResult: name === 'celery.chord_unlock',
  storeErrorsEvenIfIgnored: false,
  trackStarted: false,
  sendEvents: true,
}));

/** Clients before Celery 4 send a group so. */
async function sendGroup(node: WorkerNode, request: Request): Promise<Verdict> {
  const given = argumentsOf(request.message, GROUP);
  const { tasks: members, result = null, group_id, partial_args, add_to_parent } = given;
  const group = groupOf(
    signatures(members, 'tasks'),
    typeof group_id === 'string' ? { task_id: group_id } : {},
  );
  await send(node, request, group, listOr(partial_args), { add_to_parent });
  return { kind: 'success', result: stringifyJson(result) };
}

/** Clients before Celery 4 send a chord so. */
async function sendChord(node: WorkerNode, request: Request): Promise<Verdict> {
  const { header, body, partial_args, interval, max_retries } = argumentsOf(request.message, CHORD);
  const chord = readStep({
    ...chordOf([], groupOf([])),
    kwargs: { header, body, kwargs: {} },
    options: { interval: interval ?? null, max_retries: max_retries ?? null },
  });
  return await send(node, request, chord, listOr(partial_args));
}

async function sendChunks(node: WorkerNode, request: Request): Promise<Verdict> {
  return await send(node, request, chunksOf(argumentsOf(request.message, CHUNKS)), []);
}

/** Its result is the result tuple of what it sends. */
async function send(
  node: WorkerNode,
  request: Request,
  step: Step,
  args: readonly unknown[],
  options: Fields = {},
): Promise<Verdict> {
  const { message } = request;
  const applier = applierOf(node, parentOf(message), 'coordination', message.replyTo ?? '');
  const applied = applyRead(step, applier, { args, options });
  await sendChild(node, request, applied);
  return { kind: 'success', result: stringifyJson(applied.result) };
}

async function cleanUp({ backend }: WorkerNode): Promise<Verdict> {
  await backend.cleanup();
  return DONE;
}

/** Positional and keyword arguments by name. Markers are left as they are: everything is only passed on. */
function argumentsOf({ body, taskName }: TaskMessage, names: readonly string[]): Fields {
  const [args, kwargs]: unknown[] = parsePlainJson(body) as unknown[];
  if (!Array.isArray(args)) return wrong(args, 'args', `a message of task ${taskName}`, 'a list');
  if (!isFields(kwargs)) return wrong(kwargs, 'kwargs', `a message of task ${taskName}`, 'an object');
  const named = names.slice(0, args.length).map((name, index) => [name, args[index]]);
  return { ...kwargs, ...Object.fromEntries(named) };
}

function signatures(value: unknown, name: string): Step[] {
  return Array.isArray(value) ? value.map((item) => readStep(item)) : wrong(value, name, 'a group', 'a list');
}

function listOr(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function failure(error: unknown): Verdict {
  if (isMalformed(error)) return failedWith(error);
  throw error;
}

function notATask(): OperationNotSupported {
  return new OperationNotSupported('chain is not a real task: send the first of its tasks');
}
