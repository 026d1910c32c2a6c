/** A signature that takes the place of the task that runs (celery/app/task.py `replace`). */
import { InvalidTaskError } from '../errors.ts';
import { freeze, type Naming } from './canvas-freeze.ts';
import { link, linkError } from './canvas-link.ts';
import { pipe } from './canvas-pipe.ts';
import { chordOf, listOf, type Options, readStep, type Step, taskOf } from './canvas-step.ts';
import type { TaskMessage } from './task-message.ts';

/** The task that is replaced. */
export type Replaced = Pick<
  TaskMessage,
  'taskId' | 'groupId' | 'groupIndex' | 'rootId' | 'replacedNesting' | 'stamps' | 'embed'
>;

/**
 * The signature under the task's own id, in its group and its chord, with everything that was to come after it.
 *
 * @throws ProtocolError for a signature that is none, InvalidTaskError for one that cannot replace a task.
 */
export function replacementOf(signature: unknown, task: Replaced, naming: Naming): Step {
  const step = endingInOne(checked(readStep(signature)));
  const { callbacks, errbacks, chain, chord } = task.embed;
  for (const callback of callbacks ?? []) link(step, callback);
  for (const errback of errbacks ?? []) linkError(step, errback);
  moveLinks(step);
  const nesting = { replaced_task_nesting: task.replacedNesting + 1 };
  // Frozen first: the options below are those of the whole, not of its first task.
  freeze(step, { id: task.taskId }, naming);
  const { groupId: group_id, groupIndex: group_index, rootId: root_id } = task;
  Object.assign(step.options, { chord, group_id, group_index, root_id, ...nesting }, stampsOf(step, task));
  if (step.subtask_type === 'chain') {
    for (const { options } of step.kwargs.tasks) Object.assign(options, nesting);
  }
  return (chain ?? []).reduceRight<Step>((whole, next) => {
    const following = readStep(next);
    Object.assign(following.options, nesting);
    return pipe(whole, following);
  }, step);
}

/** A group has several results: `celery.accumulate` makes one of them, the list. */
function endingInOne(step: Step): Step {
  if (step.subtask_type === 'group') return accumulated(step);
  const last = step.subtask_type === 'chain' ? step.kwargs.tasks.at(-1) : undefined;
  if (step.subtask_type === 'chain' && last?.subtask_type === 'group') {
    step.kwargs.tasks[step.kwargs.tasks.length - 1] = accumulated(last);
  }
  return step;
}

function accumulated(group: Extract<Step, { subtask_type: 'group' }>): Step {
  return chordOf(group.kwargs.tasks, taskOf('celery.accumulate', { index: 0 }));
}

/** Links of a chain belong to its last task: more tasks may follow. */
function moveLinks(step: Step): void {
  const last = step.subtask_type === 'chain' ? step.kwargs.tasks.at(-1) : undefined;
  if (last === undefined || step.options.link === undefined) return;
  last.options.link = [...listOf(last.options.link), ...listOf(step.options.link)];
  delete step.options.link;
}

/** The stamps of the task, for a signature that has none of its own: it is the same task to who looks for them. */
function stampsOf(step: Step, { stamps }: Replaced): Options {
  const names = Object.keys(stamps);
  if (names.length === 0 || step.options.stamped_headers !== undefined) return {};
  return { ...stamps, stamped_headers: names };
}

function checked(step: Step): Step {
  if (step.options.chord) {
    throw new InvalidTaskError(
      'a signature that is part of a chord cannot replace a task: take it out of there',
    );
  }
  if (step.subtask_type === 'chain' && step.kwargs.tasks.length === 0) {
    throw new InvalidTaskError('a chain without tasks cannot replace a task: give it at least one');
  }
  return step;
}
