/** The tasks of the stream: loaded by the workers' executors. Each run leaves a trace in MongoDB. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { AnySignature } from '../../src/contract/signature.ts';
import { type RunningTask, task } from '../../src/contract/task.ts';
import { isDuplicateKey, type Mongo, openMongo } from '../../src/mongo/client.ts';
import { EFFECTS, type Effect } from './oracle/effects.ts';

const TRY_AGAIN_MS = 200;
const BLOCK_BYTES = 32 * 2 ** 20;
const NUMBERS = BLOCK_BYTES / 8;
let mongo: Mongo | undefined;

export const empty = task({ name: 'chaos.empty', input: z.object({}), inline: true, run: () => null });

/** One more than its value. */
export const effect = task({
  name: 'chaos.effect',
  input: z.object({ value: z.number() }),
  args: ['value'],
  inline: true,
  async run({ value }, context) {
    await leaveTrace(context);
    return value + 1;
  },
});

export const sum = task({
  name: 'chaos.sum',
  input: z.object({ values: z.array(z.number()) }),
  args: ['values'],
  inline: true,
  async run({ values }, context) {
    await leaveTrace(context);
    return values.reduce((total, value) => total + value, 0);
  },
});

/** In a thread of its own. */
export const compute = task({
  name: 'chaos.compute',
  input: z.object({ upTo: z.number() }),
  run: ({ upTo }) => Array.from({ length: upTo }, (_, i) => i).reduce((total, i) => total + i, 0),
});

export const long = task({
  name: 'chaos.long',
  input: z.object({ seconds: z.number() }),
  inline: true,
  async run({ seconds }, context) {
    await leaveTrace(context);
    await sleep(seconds * 1000);
    return seconds;
  },
});

export const fail = task({
  name: 'chaos.fail',
  input: z.object({ before: z.unknown() }).partial(),
  args: ['before'],
  inline: true,
  throws: [RangeError],
  async run(_, context) {
    await leaveTrace(context);
    throw new RangeError('as asked');
  },
});

/** Called with the id of a task that has failed. */
export const errback = task({
  name: 'chaos.errback',
  input: z.object({ id: z.string() }),
  args: ['id'],
  inline: true,
  async run({ id }, context) {
    await leaveTrace(context);
    return id;
  },
});

/** Runs again until it has been retried so many times. */
export const retry = task({
  name: 'chaos.retry',
  input: z.object({ times: z.number(), countdown: z.number() }),
  maxRetries: null,
  inline: true,
  async run({ times, countdown }, context) {
    await leaveTrace(context);
    return context.retries >= times ? context.retries : context.retry({ countdown });
  },
});

/** Sends a task while it runs, and returns its id. */
export const send = task({
  name: 'chaos.send',
  input: z.object({ signature: z.looseObject({}) }),
  inline: true,
  async run({ signature }, context) {
    await leaveTrace(context);
    return await context.send(signature as unknown as AnySignature);
  },
});

/** Another task takes its place. */
export const replace = task({
  name: 'chaos.replace',
  input: z.object({ signature: z.looseObject({}) }),
  inline: true,
  run: ({ signature }, context) => context.replace(signature as unknown as AnySignature),
});

/** Ends its executor, as often as it is told to. */
export const die = task({
  name: 'chaos.die',
  input: z.object({ times: z.number(), how: z.enum(['abort', 'segv', 'kill']) }),
  inline: true,
  async run({ times, how }, context) {
    await leaveTrace(context);
    const runs = await effects().countDocuments({ task: context.taskId });
    if (runs > times) return 'alive';
    endExecutor(how);
    await sleep(60_000);
    return 'not dead';
  },
});

/** Takes memory until it is stopped: of the JavaScript heap, or beside it. */
export const grow = task({
  name: 'chaos.grow',
  input: z.object({ where: z.enum(['heap', 'typed arrays']) }),
  inline: true,
  async run({ where }, context) {
    await leaveTrace(context);
    const numbers: number[] = [];
    const blocks: Uint8Array[] = [];
    for (;;) {
      if (where === 'heap') for (let i = 0; i < NUMBERS; i += 1) numbers.push(Math.random());
      else blocks.push(new Uint8Array(BLOCK_BYTES).fill(1));
      await sleep(50);
    }
  },
});

/** Never ends by itself. */
export const endless = task({
  name: 'chaos.endless',
  input: z.object({ how: z.enum(['loop', 'regex', 'wait', 'swallow']) }),
  run({ how }) {
    if (how === 'regex') return /^(a+)+$/.test(`${'a'.repeat(50)}b`);
    if (how === 'wait') return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    for (;;) spin(how === 'swallow');
  },
});

function spin(swallows: boolean): void {
  try {
    for (let i = 0; i < 1e9; i += 1) if (swallows && i % 1e8 === 0) throw new Error('swallowed');
  } catch {
    // So that nothing that is thrown into it ends it.
  }
}

function endExecutor(how: 'abort' | 'segv' | 'kill'): void {
  if (how === 'abort') process.abort();
  process.kill(process.pid, how === 'segv' ? 'SIGSEGV' : 'SIGKILL');
}

/** Notes that a run has begun; tries until that is durable. The token makes it one trace. */
async function leaveTrace({ taskId, retries, hostname }: RunningTask): Promise<void> {
  const trace = {
    _id: randomUUID(),
    task: taskId,
    retries,
    worker: hostname,
    pid: process.pid,
    at: new Date(),
  };
  for (;;) {
    try {
      await effects().insertOne(trace);
      return;
    } catch (error) {
      if (isDuplicateKey(error)) return;
      await sleep(TRY_AGAIN_MS);
    }
  }
}

function effects() {
  mongo ??= openMongo(process.env.OMEGA_MONGO_URL ?? '', { maxPoolSize: 2 });
  return mongo.db.collection<Effect>(EFFECTS);
}
