/** Linking: what a signature leads to when it succeeds or fails (celery/canvas.py `link`, `link_error`). */
import {
  addToOption,
  type ChordStep,
  copyStep,
  type GroupStep,
  headerTasks,
  listOf,
  readStep,
  type Step,
} from './canvas-step.ts';

/** The callback runs with the result; that of a chord is its body's. */
export function link(step: Step, callback: unknown): void {
  if (step.subtask_type === 'chord') link(step.kwargs.body, callback);
  else if (step.subtask_type === 'group') linkFirst(step, callback);
  else addToOption(step.options, 'link', callback);
}

/** The errback runs if it fails: also if any task of a group, or of a chord's nested ones, does. */
export function linkError(step: Step, errback: unknown): void {
  switch (step.subtask_type) {
    case null:
    case 'chain':
      addToOption(step.options, 'link_error', errback);
      break;
    case 'group':
      for (const task of step.kwargs.tasks) linkError(task, errback);
      break;
    case 'chord':
      for (const task of headerTasks(step)) if (task.subtask_type === 'chord') linkError(task, errback);
      linkError(step.kwargs.body, errback);
  }
}

/** Links to a chord's body, without changing the body that others hold (celery/canvas.py `_add_body_callbacks`). */
export function linkedBody(body: Step, links: readonly unknown[], linkErrors: readonly unknown[]): Step {
  if (links.length === 0 && linkErrors.length === 0) return body;
  const linked = copyStep(body);
  for (const callback of links) {
    const isEmpty = linked.subtask_type === 'group' && linked.kwargs.tasks.length === 0;
    if (isEmpty) addToOption(linked.options, 'link', callback);
    else link(linked, callback);
  }
  for (const errback of linkErrors) {
    if (linked.subtask_type === 'group') linkErrorToMembers(linked, errback, true);
    else addToOption(linked.options, 'link_error', errback);
  }
  return linked;
}

/** Takes the chord off what chords below this signature have in their headers: it is put on when they are sent. */
export function stripHeaders(step: Step): void {
  if (step.subtask_type === null) return;
  if (step.subtask_type === 'chord') {
    clearHeader(step);
    for (const task of [...headerTasks(step), step.kwargs.body]) stripHeaders(task);
    return;
  }
  for (const task of step.kwargs.tasks) stripHeaders(task);
}

/** The first of several results is no result of the group: the callback must not take it. */
function linkFirst({ kwargs: { tasks } }: GroupStep, callback: unknown): void {
  const [first] = tasks;
  if (first !== undefined) link(first, { ...readStep(callback), immutable: true });
}

function clearHeader(chord: ChordStep): void {
  const { header } = chord.kwargs;
  if (Array.isArray(header)) for (const task of header) clearChord(task);
  else clearChord(header);
}

function clearChord(step: Step): void {
  delete step.options.chord;
  if (step.subtask_type === 'group') for (const task of step.kwargs.tasks) clearChord(task);
  if (step.subtask_type === 'chord') clearChord(step.kwargs.body);
  const last = step.subtask_type === 'chain' ? step.kwargs.tasks.at(-1) : undefined;
  if (last !== undefined) clearChord(last);
}

function linkErrorToMembers(step: Step, errback: unknown, runsAsGroup: boolean): void {
  if (step.subtask_type === 'chord') linkErrorToMembers(step.kwargs.body, errback, true);
  else if (step.subtask_type !== 'group') linkError(step, errback);
  else if (runsAsGroup && listOf(step.options.link_error).length > 0) {
    addToOption(step.options, 'link_error', errback);
  } else for (const task of step.kwargs.tasks) linkErrorToMembers(task, errback, false);
}
