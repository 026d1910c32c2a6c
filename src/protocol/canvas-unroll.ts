/** A chord whose body is a chain is a chord with the first task for a body, and the others after it. */
import { link, linkError } from './canvas-link.ts';
import { type ChainStep, type ChordStep, copyStep, listOf, mergeOptions, type Step } from './canvas-step.ts';

/** Options of a chain that are not its first task's (celery/canvas.py `_CHAIN_RUN_OPTIONS`). */
const CHAIN_OPTIONS: readonly string[] = [
  'chord',
  'group_id',
  'group_index',
  'link',
  'link_error',
  'parent_id',
  'root_id',
  'task_id',
];

/** The chord and what follows it; null for what is no chord with a chain led by a task. */
export function unrollBody(step: Step): readonly Step[] | null {
  if (step.subtask_type !== 'chord') return null;
  const { body } = step.kwargs;
  if (body.subtask_type !== 'chain') return null;
  const [first] = body.kwargs.tasks;
  if (first === undefined || first.subtask_type === 'group') return null;
  return unroll(step, body);
}

/** Unrolls the chords in a chain, and in the chains in it. Changes the chain (celery/canvas.py `_unroll_chords`). */
export function unrollChords(chain: ChainStep): void {
  const pending = chain.kwargs.tasks.toReversed();
  const tasks: Step[] = [];
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    const parts = unrollBody(step);
    if (parts !== null) {
      for (const part of parts.toReversed()) pending.push(part);
      continue;
    }
    const task = step.subtask_type === 'chain' ? copyStep(step) : step;
    if (task.subtask_type === 'chain') unrollChords(task);
    tasks.push(task);
  }
  chain.kwargs.tasks = tasks;
}

/** Copies of a chain's tasks, which take over what the chain is linked to (celery/canvas.py `unchain_tasks`). */
export function unchain(chain: ChainStep): Step[] {
  const tasks = chain.kwargs.tasks.map((task) => copyStep(task));
  const last = tasks.at(-1);
  for (const callback of listOf(chain.options.link)) if (last !== undefined) link(last, callback);
  for (const errback of listOf(chain.options.link_error)) for (const task of tasks) linkError(task, errback);
  return tasks;
}

function unroll(chord: ChordStep, chain: ChainStep): readonly Step[] {
  const [first, ...rest] = unchain(chain);
  if (first === undefined) return [chord];
  const given = Object.entries(chain.options).filter(([name]) => !CHAIN_OPTIONS.includes(name));
  const body = { ...first, options: mergeOptions(first.options, Object.fromEntries(given)) } as Step;
  const copy = copyStep(chord);
  return [{ ...copy, kwargs: { ...copy.kwargs, body } }, ...rest];
}
