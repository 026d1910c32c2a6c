import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyTask, task } from '../../../src/contract/task.ts';
import { InvalidTaskError } from '../../../src/errors.ts';
import { readInput } from '../../../src/executor/task-input.ts';

const run = () => null;
const whole = task({ name: 'shop.whole', input: z.unknown(), run });
const add = task({ name: 'shop.add', input: z.object({ x: z.any(), y: z.any() }), args: ['x', 'y'], run });
const one = task({ name: 'shop.one', input: z.object({ x: z.any() }), args: ['x'], run });

function read(definition: AnyTask, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>> = {}) {
  return readInput(definition, { args, kwargs });
}

test.each([
  [[1, 2], {}],
  [[1], { y: 2 }],
  [[], { x: 1, y: 2 }],
])('with the names of its fields, a task takes %j and %j as Python does', async (args, kwargs) => {
  expect(await read(add, args, kwargs)).toEqual({ x: 1, y: 2 });
});

test.each([
  [add, [1, 2, 3], {}, 'shop.add() takes 2 positional arguments but 3 were given'],
  [one, [1, 2], {}, 'shop.one() takes 1 positional argument but 2 were given'],
  [add, [1], { x: 2 }, "shop.add() got multiple values for argument 'x'"],
])('%o refuses %j and %j in the words of Python', async (definition, args, kwargs, message) => {
  const reading = read(definition, args, kwargs);
  await expect(reading).rejects.toThrow(InvalidTaskError);
  await expect(reading).rejects.toThrow(message);
});

test('an argument that is missing is named', async () => {
  const strict = task({
    name: 'a',
    input: z.object({ x: z.number(), y: z.number() }),
    args: ['x', 'y'],
    run,
  });
  await expect(read(strict, [1])).rejects.toThrow(/'a'.* y: /);
});

test('without names, the only positional argument is the input, whatever it is', async () => {
  expect(await read(whole, [[1, 2]])).toEqual([1, 2]);
  expect(await read(whole, [null])).toBeNull();
});

test('an object as the input takes in the keyword arguments of a chain, which win', async () => {
  expect(await read(whole, [{ x: 1, y: 1 }], { y: 2, z: 3 })).toEqual({ x: 1, y: 2, z: 3 });
});

test.each([
  [[1, 2], {}],
  [[1], { y: 2 }],
  [[[1]], { y: 2 }],
  [[{}, {}], { y: 2 }],
])('without names, %j and %j are no input', async (args, kwargs) => {
  await expect(read(whole, args, kwargs)).rejects.toThrow(/'shop.whole' takes one input/);
});

test('no argument reaches a prototype', async () => {
  const kwargs = JSON.parse('{"__proto__": {"bad": true}, "constructor": 1}');
  const input: { bad?: unknown } = await read(whole, [{ x: 1 }], kwargs);
  expect(input.bad).toBeUndefined();
  expect(Object.hasOwn(input, '__proto__')).toBe(true);
});
