/** Celery's own tasks that compute something (celery/app/builtins.py); the others only coordinate. */
import { InvalidTaskError } from '../errors.ts';
import type { BuiltinTask } from './builtin-task.ts';

/** Gives back what it is given, or one of it: makes a task of the group that replaces one. */
export const accumulateTask: BuiltinTask = {
  name: 'celery.accumulate',
  async run(args, { index = null }) {
    if (index === null) return args;
    const isIndex = typeof index === 'number' && Number.isInteger(index);
    if (isIndex && index < args.length && index >= -args.length) return args.at(index);
    throw new InvalidTaskError(
      `celery.accumulate: there is no argument with the index ${String(index)} among ${args.length}: send a lower one`,
    );
  },
};
