/** Tasks for canvases, by positional arguments as Python clients call them. */
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { AnySignature } from '../../src/contract/signature.ts';
import { task } from '../../src/contract/task.ts';

const anything = z.unknown();

export const add = task({
  name: 'canvas.add',
  input: z.object({ x: z.number(), y: z.number() }),
  args: ['x', 'y'],
  inline: true,
  run: ({ x, y }) => x + y,
});

export const tsum = task({
  name: 'canvas.tsum',
  input: z.object({ numbers: z.array(z.number()) }),
  args: ['numbers'],
  inline: true,
  run: ({ numbers }) => numbers.reduce((sum, number) => sum + number, 0),
});

export const identity = task({
  name: 'canvas.identity',
  input: z.object({ value: anything }),
  args: ['value'],
  inline: true,
  run: ({ value }) => value,
});

export const fail = task({
  name: 'canvas.fail',
  input: z.object({ before: anything }).partial(),
  args: ['before'],
  inline: true,
  run: () => {
    throw new RangeError('boom');
  },
});

/** Notes its first argument in a file, then waits. */
export const note = task({
  name: 'canvas.note',
  input: z.object({ value: anything, path: z.string(), seconds: z.number().default(0) }),
  args: ['value', 'path', 'seconds'],
  inline: true,
  run: async ({ value, path, seconds }) => {
    appendFileSync(path, `${JSON.stringify(value)}\n`);
    await delay(seconds * 1000);
    return value;
  },
});

/** A text of so many Mi characters. */
export const large = task({
  name: 'canvas.large',
  input: z.object({ size: z.number(), character: z.string().default('x') }),
  args: ['size', 'character'],
  inline: true,
  run: ({ size, character }) => character.repeat(size * 2 ** 20),
});

/** Is replaced by what it is given. */
export const replaceWith = task({
  name: 'canvas.replace',
  input: z.object({ signature: z.looseObject({}) }),
  args: ['signature'],
  inline: true,
  run: ({ signature }, context) => context.replace(signature as unknown as AnySignature),
});

/** Sends what it is given, and returns the id that it got. */
export const sendOn = task({
  name: 'canvas.send',
  input: z.object({ signature: z.looseObject({}) }),
  args: ['signature'],
  inline: true,
  run: ({ signature }, context) => context.send(signature as unknown as AnySignature),
});

/** What it was stamped with. */
export const stamps = task({
  name: 'canvas.stamps',
  input: z.object({ before: anything }).partial(),
  args: ['before'],
  inline: true,
  run: (_, context) => context.stamps,
});
