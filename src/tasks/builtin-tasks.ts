/** All tasks that every worker knows. */
import type { BuiltinTask } from './builtin-task.ts';
import { accumulateTask } from './canvas-tasks.ts';
import { fitTask, partialFitTask, predictProbaTask, predictTask, scoreTask } from './model-tasks.ts';
import { notebookTask } from './notebook-task.ts';
import { pingTask } from './ping-task.ts';
import { preloadTask } from './preload-task.ts';

/** The tasks of omega|ml and of Celery, under their names. */
export const builtinTasks: readonly BuiltinTask[] = [
  fitTask,
  partialFitTask,
  predictTask,
  predictProbaTask,
  scoreTask,
  pingTask,
  preloadTask,
  notebookTask,
  accumulateTask,
];
