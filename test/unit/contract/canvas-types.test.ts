import { expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { chain, chord, chunks, group, map, starmap } from '../../../src/contract/canvas.ts';
import type { Signature } from '../../../src/contract/signature.ts';
import { immutable, link, linkError } from '../../../src/contract/signature-options.ts';
import { task } from '../../../src/contract/task.ts';
import { signature } from '../../../src/contract/task-signature.ts';

const add = task({
  name: 'shop.add',
  input: z.object({ x: z.number(), y: z.number().default(1) }),
  args: ['x', 'y'],
  run: async ({ x, y }) => x + y,
});
const total = task({
  name: 'shop.total',
  input: z.object({ values: z.array(z.number()), label: z.string() }),
  args: ['values', 'label'],
  run: ({ values, label }) => `${label}: ${values.length}`,
});
/** No positional arguments: the result before it is the whole input. */
const report = task({
  name: 'shop.report',
  input: z.object({ title: z.string() }),
  run: ({ title }) => ({ title, pages: 1 }),
});

it('a signature of the whole input takes nothing, and gives what the task gives', () => {
  expectTypeOf(signature(add, { x: 1, y: 2 })).toEqualTypeOf<Signature<undefined, number>>();
  expectTypeOf(signature(report, { title: 'a' })).toEqualTypeOf<
    Signature<undefined, { title: string; pages: number }>
  >();
});

it('a signature without its first argument takes it from the task before it', () => {
  expectTypeOf(signature(add, { y: 2 })).toEqualTypeOf<Signature<number, number>>();
  expectTypeOf(signature(add)).toEqualTypeOf<Signature<number, number>>();
  expectTypeOf(signature(total, { label: 'sum' })).toEqualTypeOf<Signature<number[], string>>();
  expectTypeOf(signature(report)).toEqualTypeOf<
    Signature<{ title: string }, { title: string; pages: number }>
  >();
});

it('wrong and missing fields are compile errors', () => {
  // @ts-expect-error: x is a number
  signature(add, { x: 'one' });
  // @ts-expect-error: there is no z
  signature(add, { x: 1, z: 2 });
  // @ts-expect-error: the task before gives the values, but who gives the label?
  signature(total);
  // @ts-expect-error: only the first field can come from the task before
  signature(total, { values: [1] });
  // @ts-expect-error: a queue has a name
  const numbered = () => signature(add, { x: 1 }, { queue: 1 });
  expectTypeOf(numbered).toBeFunction();
});

it('a task by name is whatever the caller says', () => {
  expectTypeOf(signature('shop.any')).toEqualTypeOf<Signature<unknown, unknown>>();
  expectTypeOf(signature<number, string>('shop.any', [], {}, { queue: 'q' })).toEqualTypeOf<
    Signature<number, string>
  >();
});

it('a chain takes what its first step takes and gives what its last one gives', () => {
  expectTypeOf(
    chain(signature(add, { x: 1 }), signature(add), signature<number, string>('shop.show')),
  ).toEqualTypeOf<Signature<undefined, string>>();
  expectTypeOf(chain(signature(add), signature(add))).toEqualTypeOf<Signature<number, number>>();
  const same = [signature(add), signature(add)];
  expectTypeOf(chain(...same)).toEqualTypeOf<Signature<number, number>>();
});

it('steps in the wrong order are compile errors', () => {
  // @ts-expect-error: report takes an object with a title, not a number
  chain(signature(add, { x: 1 }), signature(report));
  // @ts-expect-error: a step with its whole input takes no result
  chain(signature(add, { x: 1 }), signature(add, { x: 1 }));
  // @ts-expect-error: the third takes a number, not a string
  chain(signature(add, { x: 1 }), signature<number, string>('shop.show'), signature(add));
});

it('an immutable signature goes anywhere', () => {
  expectTypeOf(chain(signature(report, { title: 'a' }), immutable(signature(add, { x: 1 })))).toEqualTypeOf<
    Signature<undefined, number>
  >();
  // @ts-expect-error: it needs a number, which nobody gives an immutable signature
  immutable(signature(add));
});

it('a group gives the results in the order of its members', () => {
  expectTypeOf(group([signature(add, { x: 1 }), signature(report, { title: 'a' })])).toEqualTypeOf<
    Signature<undefined, [number, { title: string; pages: number }], 'group'>
  >();
  const many = [1, 2, 3].map((x) => signature(add, { x, y: 1 }));
  expectTypeOf(group(many)).toEqualTypeOf<Signature<undefined, number[], 'group'>>();
  expectTypeOf(group([group(many), group([signature<void, string>('a')])])).toEqualTypeOf<
    Signature<undefined, [...number[], string], 'group'>
  >();
  expectTypeOf(group([signature(add), immutable(signature(add, { x: 1 }))])).toEqualTypeOf<
    Signature<number, [number, number], 'group'>
  >();
});

it('a group in a chain hands its results on', () => {
  const both = group([signature(add), signature(add)]);
  expectTypeOf(chain(signature(add, { x: 1 }), both, signature(total, { label: 'sum' }))).toEqualTypeOf<
    Signature<undefined, string>
  >();
  expectTypeOf(chain(signature(add, { x: 1 }), both)).toEqualTypeOf<
    Signature<undefined, [number, number], 'chain of a group'>
  >();
  // @ts-expect-error: the step after it takes one number, not two
  chain(both, signature(add));
});

it("a chord's body takes the results of its header", () => {
  const header = [signature(add, { x: 1 }), signature(add, { x: 2 })];
  expectTypeOf(chord(header, signature(total, { label: 'sum' }))).toEqualTypeOf<
    Signature<undefined, string>
  >();
  expectTypeOf(chord(group(header), signature(total, { label: 'sum' }))).toEqualTypeOf<
    Signature<undefined, string>
  >();
  expectTypeOf(
    chord([signature(add), signature<number, string>('a')], signature<[number, string], Date>('b')),
  ).toEqualTypeOf<Signature<number, Date>>();
  // @ts-expect-error: the header gives numbers, the body takes strings
  chord(header, signature<string[], string>('join'));
  // @ts-expect-error: the body takes one number
  chord(header, signature(add));
});

it('map, starmap and chunks take items of the task', () => {
  expectTypeOf(map(add, [1, 2])).toEqualTypeOf<Signature<unknown, number[]>>();
  expectTypeOf(starmap(add, [[1, 2]])).toEqualTypeOf<Signature<unknown, number[]>>();
  expectTypeOf(chunks(add, [[1, 2]], 10)).toEqualTypeOf<Signature<unknown, number[][], 'group'>>();
  expectTypeOf(map<number, string>('shop.show', [1])).toEqualTypeOf<Signature<unknown, string[]>>();
  // @ts-expect-error: x is a number
  map(add, ['one']);
  // @ts-expect-error: y is a number
  starmap(add, [[1, 'two']]);
});

it('a callback takes the result, an error callback the id', () => {
  expectTypeOf(link(signature(add, { x: 1 }), signature(add))).toEqualTypeOf<Signature<undefined, number>>();
  linkError(signature(add, { x: 1 }), signature<string, void>('shop.failed'));
  // @ts-expect-error: add gives a number
  link(signature(add, { x: 1 }), signature(report));
  // @ts-expect-error: an error callback takes the id of the task
  linkError(signature(add, { x: 1 }), signature(add));
});
