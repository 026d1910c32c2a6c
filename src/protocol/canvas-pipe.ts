/** One signature after another (celery/canvas.py `__or__`): how a task that replaces itself keeps what comes next. */
import {
  type ChainStep,
  type ChordStep,
  chainOf,
  chordOf,
  copyStep,
  type Step,
  unrollSingle,
} from './canvas-step.ts';
import { unchain } from './canvas-unroll.ts';

/** A group followed by something is a chord, a chord followed by something goes on in its body. */
export function pipe(left: Step, right: Step): Step {
  if (isEmptyGroup(right) && left.subtask_type !== null) return left;
  const next = right.subtask_type === 'group' ? unrollSingle(right) : right;
  switch (left.subtask_type) {
    case null:
      return chainOf([left, ...(next.subtask_type === 'chain' ? unchain(next) : [next])]);
    case 'group':
      return chordOf(left.kwargs.tasks, right);
    case 'chord':
      return pipeChord(left, next);
    case 'chain':
      return pipeChain(left, next);
  }
}

function pipeChord(left: ChordStep, next: Step): Step {
  if (next.subtask_type === 'chain') return chainOf([left, ...unchain(next)]);
  return next.subtask_type === 'group' ? chainOf([left, next]) : withBody(left, pipe(left.kwargs.body, next));
}

function pipeChain(left: ChainStep, next: Step): Step {
  if (next.subtask_type === 'chain') return unchain(next).reduce<Step>(pipe, left);
  const tasks = unchain(left);
  const last = tasks.pop();
  if (last === undefined) return next;
  if (last.subtask_type === 'group' && next.subtask_type !== 'group') {
    return chainOf(joinChords([...tasks, chordOf(last.kwargs.tasks, next)]));
  }
  if (last.subtask_type === 'chord' && next.subtask_type !== 'chord') {
    return chainOf([...tasks, withBody(last, pipe(last.kwargs.body, next))]);
  }
  return chainOf([...tasks, last, next]);
}

/** Of two chords in a row the second one goes into the body of the first. */
function joinChords(tasks: Step[]): Step[] {
  const [first, second] = tasks.slice(-2);
  if (first?.subtask_type !== 'chord' || second?.subtask_type !== 'chord') return tasks;
  return [...tasks.slice(0, -2), withBody(first, pipe(first.kwargs.body, second))];
}

function withBody(chord: ChordStep, body: Step): ChordStep {
  const copy = copyStep(chord);
  return { ...copy, kwargs: { ...copy.kwargs, body } };
}

function isEmptyGroup(step: Step): boolean {
  return step.subtask_type === 'group' && step.kwargs.tasks.length === 0;
}
