/** What the failure of a task means for others (celery/backends/base.py `mark_as_failure`, `_fail_chain`). */
import type { ErrorRecord, TaskId } from '../contract/job.ts';
import { InvalidTaskError, ProtocolError } from '../errors.ts';
import { applyRead } from '../protocol/canvas.ts';
import { groupOf, listOf, readStep, type Step } from '../protocol/canvas-step.ts';
import { exceptionText } from '../protocol/exception.ts';
import { type Fields, isFields } from '../protocol/fields.ts';
import { errorResult } from '../protocol/result.ts';
import { FAILURE } from '../protocol/states.ts';
import type { AwaitedTask, Consequence } from './consequence.ts';
import type { WorkerNode } from './node.ts';
import { applierOf } from './sender.ts';

type Failure = Extract<Consequence, { kind: 'failure' }>;

/** Stores that it failed; what follows from that: its part of a chord, the rest of its chain, its errbacks. */
export async function spreadFailure(node: WorkerNode, failure: Failure): Promise<readonly Consequence[]> {
  const { task, error, isStored } = failure;
  if (!isStored && !task.ignoreResult) await node.backend.store(errorResult(task, error));
  return [...partOf(task, FAILURE, error), ...chainFailures(failure), ...errbackCalls(node, failure)];
}

/** The part of a chord that ends with a task, if it is one. */
export function partOf(
  { embed, groupId, groupIndex, taskId }: AwaitedTask,
  state: string,
  error: ErrorRecord,
): readonly Consequence[] {
  if (embed.chord === null || groupId === null) return [];
  const part = { taskId, groupId, groupIndex, body: embed.chord, state, result: exceptionText(error) };
  return [{ kind: 'part', part }];
}

/**
 * The failures of a chord's body, whose header failed (celery/backends/base.py `chord_error_from_stack`). For one that is
 * no signature nobody waits.
 *
 * @param error - the ChordError.
 * @param cause - what the header failed with: the tasks of a group as body fail with that.
 */
export function bodyFailures(body: Fields, error: ErrorRecord, cause: ErrorRecord): readonly Consequence[] {
  const step = tolerant(() => readStep(body));
  if (step === null) return [];
  const isGroup = step.subtask_type === 'group';
  const shared = isGroup ? listOf(step.options.link_error) : [];
  return awaitedTasks(step).map((task): Consequence => {
    const errbacks = [...(task.embed.errbacks ?? []), ...shared.filter(isFields)];
    return failed({ ...task, embed: { ...task.embed, errbacks } }, isGroup ? cause : error);
  });
}

/** Tasks that will not run; nobody's errbacks run for them. A signature that is none is passed over. */
function chainFailures({ task, error }: Failure): readonly Consequence[] {
  return (task.embed.chain ?? []).flatMap((signature) => {
    const step = tolerant(() => readStep(signature));
    if (step === null) return [];
    return awaitedTasks(step).map((next) =>
      failed({ ...next, embed: { ...next.embed, errbacks: null } }, error),
    );
  });
}

/**
 * Errbacks get the id of the task that failed. Celery calls those that take more than that in the worker itself;
 * which they are is not known here, and each worker that knows the task takes an id.
 */
function errbackCalls(node: WorkerNode, { task, isCopy }: Failure): readonly Consequence[] {
  const { taskId } = task;
  const { errbacks } = task.embed;
  if (errbacks === null || errbacks.length === 0) return [];
  const applier = applierOf(node, { taskId, rootId: task.rootId ?? taskId }, 'errbacks');
  const applied = tolerant(() => applyRead(groupOf(errbacks.map(readStep)), applier, { args: [taskId] }));
  if (applied !== null) return [{ kind: 'send', applied, isCopy }];
  node.logger.error(
    { task_id: taskId, task_name: task.taskName },
    'errbacks that cannot be sent are passed over',
  );
  return [];
}

function failed(task: AwaitedTask, error: ErrorRecord): Consequence {
  return { kind: 'failure', task, error, isStored: false, isCopy: false };
}

/** The tasks whose results those who sent a signature wait for. A chord ends with its body. */
function awaitedTasks(step: Step): readonly AwaitedTask[] {
  switch (step.subtask_type) {
    case null:
      return typeof step.options.task_id === 'string' ? [awaitedTask(step, step.options.task_id)] : [];
    case 'chord':
      return awaitedTasks(step.kwargs.body).map((task) => withErrbacks(task, step));
    case 'group':
      return step.kwargs.tasks.flatMap(awaitedTasks);
    case 'chain': {
      const tasks = step.kwargs.tasks.flatMap(awaitedTasks);
      const last = tasks.pop();
      return last ? [...tasks.map(withoutErrbacks), withErrbacks(last, step)] : [];
    }
  }
}

function awaitedTask({ task, options }: Step, taskId: string): AwaitedTask {
  const text = (name: string): string | null => (typeof options[name] === 'string' ? options[name] : null);
  return {
    taskId: taskId as TaskId,
    taskName: task,
    correlationId: taskId,
    groupId: text('group_id'),
    groupIndex: typeof options.group_index === 'number' ? options.group_index : null,
    parentId: text('parent_id'),
    rootId: text('root_id'),
    replyTo: text('reply_to') || null,
    ignoreResult: options.ignore_result === true,
    embed: {
      callbacks: null,
      errbacks: listOf(options.link_error).filter(isFields),
      chain: listOf(options.chain).filter(isFields),
      chord: isFields(options.chord) ? options.chord : null,
    },
  };
}

function withErrbacks(task: AwaitedTask, { options }: Step): AwaitedTask {
  const errbacks = [...(task.embed.errbacks ?? []), ...listOf(options.link_error).filter(isFields)];
  const chain = [...(task.embed.chain ?? []), ...listOf(options.chain).filter(isFields)];
  return { ...task, embed: { ...task.embed, errbacks, chain } };
}

function withoutErrbacks(task: AwaitedTask): AwaitedTask {
  return { ...task, embed: { ...task.embed, errbacks: null } };
}

/** Null where signatures are none: what they ask for cannot be done, now or later. */
function tolerant<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isMalformed(error)) return null;
    throw error;
  }
}

/** What was asked for makes no sense, now or later. */
export function isMalformed(error: unknown): error is ProtocolError | InvalidTaskError {
  return error instanceof ProtocolError || error instanceof InvalidTaskError;
}
