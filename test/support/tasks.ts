/** Tasks for the tests of the worker: compiled, and loaded by its executors. */
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { task } from '../../src/contract/task.ts';

export const echo = task({
  name: 'test.echo',
  input: z.object({ value: z.unknown() }),
  inline: true,
  run: ({ value }) => value,
});

export const add = task({
  name: 'test.add',
  input: z.object({ x: z.number(), y: z.number() }),
  run: ({ x, y }) => x + y,
});

/** What was added to the prototype of all objects in the executor, by whatever it has read. */
export const prototype = task({
  name: 'test.prototype',
  input: z.object({}),
  inline: true,
  run: () => ({ added: Object.keys(Object.prototype), polluted: Reflect.get({}, 'polluted') ?? null }),
});

/** {@link add} by position, so that a chain can give it its first number. */
export const plus = task({
  name: 'test.plus',
  input: z.object({ x: z.number(), y: z.number() }),
  args: ['x', 'y'],
  inline: true,
  run: ({ x, y }) => x + y,
});

export const sum = task({
  name: 'test.sum',
  input: z.object({ values: z.array(z.number()) }),
  args: ['values'],
  inline: true,
  run: ({ values }) => values.reduce((total, value) => total + value, 0),
});

/** Waits, then notes in a file that it has run. */
export const note = task({
  name: 'test.note',
  input: z.object({ path: z.string(), text: z.string(), seconds: z.number().default(0) }),
  inline: true,
  async run({ path, text, seconds }) {
    await delay(seconds * 1000);
    appendFileSync(path, `${text}\n`);
    return text;
  },
});

/** {@link note}, which takes longer in one pod than in all others; answers with the seconds that it took. */
export const linger = task({
  name: 'test.linger',
  input: z.object({
    path: z.string(),
    text: z.string(),
    seconds: z.number(),
    inPod: z.object({ name: z.string(), seconds: z.number() }),
  }),
  inline: true,
  async run({ path, text, seconds, inPod }) {
    const taken = process.env.OMEGA_POD_NAME === inPod.name ? inPod.seconds : seconds;
    await delay(taken * 1000);
    appendFileSync(path, `${text}\n`);
    return taken;
  },
});

/** Never ends by itself. */
export const spin = task({
  name: 'test.spin',
  input: z.object({ path: z.string() }),
  run({ path }): number {
    appendFileSync(path, 'run\n');
    for (let i = 0; ; i += 1) if (i < 0) return i;
  },
});

/** Notes in a file that it runs, then ends its executor; `times` at most. */
export const die = task({
  name: 'test.die',
  input: z.object({ path: z.string(), times: z.number().optional() }),
  async run({ path, times = Number.POSITIVE_INFINITY }) {
    appendFileSync(path, `${process.pid}\n`);
    const runs = readFileSync(path, 'utf8').trim().split('\n').length;
    if (runs > times) return runs;
    process.kill(process.pid, 'SIGKILL');
    await delay(60_000);
    return runs;
  },
});

/** Fails with an exception of that name. */
export const blame = task({
  name: 'test.blame',
  input: z.object({ exception: z.string() }),
  inline: true,
  run({ exception }) {
    throw Object.assign(new Error('to blame'), { name: exception });
  },
});
