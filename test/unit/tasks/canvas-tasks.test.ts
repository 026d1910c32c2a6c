import { expect, test } from 'vitest';
import { InvalidTaskError } from '../../../src/errors.ts';
import type { BuiltinContext } from '../../../src/tasks/builtin-task.ts';
import { accumulateTask } from '../../../src/tasks/canvas-tasks.ts';

const context = {} as BuiltinContext;

test.each([
  [{}, ['a', 'b']],
  [{ index: null }, ['a', 'b']],
  [{ index: 0 }, 'a'],
  [{ index: -1 }, 'b'],
])('celery.accumulate with %j gives %j', async (kwargs, result) => {
  expect(await accumulateTask.run(['a', 'b'], kwargs, context)).toEqual(result);
});

test.each([2, -3, 0.5, 'length'])('celery.accumulate has no argument of the index %j', async (index) => {
  await expect(accumulateTask.run(['a', 'b'], { index }, context)).rejects.toThrow(InvalidTaskError);
});
