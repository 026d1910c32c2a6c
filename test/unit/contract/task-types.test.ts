import { expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type TaskContext, task } from '../../../src/contract/task.ts';
import type { OmegaRuntime } from '../../../src/runtime/runtime.ts';
import type { TaskHandle } from '../../../src/runtime/task-handle.ts';

const geo = task({
  name: 'shop.geo',
  input: z.object({ region: z.string(), rows: z.number().default(10) }),
  run: async ({ region, rows }) => ({ region, mean: rows / 2 }),
});

it('gives run what the schema makes, and the client what the schema takes', () => {
  expectTypeOf(geo.run).parameter(0).toEqualTypeOf<{ region: string; rows: number }>();
  const submit = (runtime: OmegaRuntime) => runtime.task(geo);
  expectTypeOf(submit).returns.parameter(0).toEqualTypeOf<{ region: string; rows?: number | undefined }>();
});

it('gives the handle the type of the awaited result', () => {
  const submit = (runtime: OmegaRuntime) => runtime.task(geo)({ region: 'EU' });
  expectTypeOf(submit).returns.toEqualTypeOf<TaskHandle<{ region: string; mean: number }>>();
  expectTypeOf<Awaited<ReturnType<typeof submit>>>().toEqualTypeOf<{ region: string; mean: number }>();
});

it('makes a wrong field a compile error', () => {
  // @ts-expect-error: region is a string
  const wrong = (runtime: OmegaRuntime) => runtime.task(geo)({ region: 1 });
  expectTypeOf(wrong).toBeFunction();
});

it('takes as positional arguments only fields of the input', () => {
  const input = z.object({ x: z.number(), y: z.number().default(1) });
  const add = task({ name: 'shop.add', input, args: ['x', 'y'], run: ({ x, y }) => x + y });
  expectTypeOf(add.run).returns.toEqualTypeOf<number | Promise<number>>();
  // @ts-expect-error: there is no field z
  task({ name: 'shop.add', input, args: ['x', 'z'], run: ({ x, y }) => x + y });
  // @ts-expect-error: text has no fields to be named
  task({ name: 'shop.echo', input: z.string(), args: ['text'], run: (text) => text });
});

it('knows that retry, replace, ignore and reject do not return', () => {
  const run = (input: number | null, context: TaskContext): number => {
    if (input === null) context.ignore();
    return input;
  };
  expectTypeOf(run).toBeFunction();
  // @ts-expect-error: a countdown is seconds
  const wrong = (context: TaskContext) => context.retry({ countdown: '1 min' });
  expectTypeOf(wrong).returns.toBeNever();
});

it('lets a definition be called without a worker, as tests do', async () => {
  const context = {} as TaskContext;
  expect(await geo.run({ region: 'EU', rows: 4 }, context)).toEqual({ region: 'EU', mean: 2 });
});
