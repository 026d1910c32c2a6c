import { expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { task } from '../../../src/contract/task.ts';
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
