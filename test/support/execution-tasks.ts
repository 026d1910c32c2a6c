/** Tasks for the tests of how tasks are executed: compiled, and loaded by the executors of their worker. */
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type RunningTask, task } from '../../src/contract/task.ts';

const traced = z.object({ path: z.string() });

/** Notes its run as `retries`, then runs again until it has been retried so many times. */
export const again = task({
  name: 'exec.again',
  input: z.object({
    path: z.string(),
    times: z.number(),
    countdown: z.number(),
    done: z.number().default(0),
  }),
  inline: true,
  run({ path, times, countdown, done }, context) {
    trace(path, context.retries, done, context.parentId === context.taskId);
    if (context.retries === times) return 'done';
    return context.retry({
      countdown,
      error: new RangeError('not yet'),
      input: { path, times, countdown, done: done + 10 },
    });
  },
});

/** Keeps so many MiB for a while, in typed arrays, of which V8's limit knows nothing. */
export const grow = task({
  name: 'exec.grow',
  input: traced.extend({ megabytes: z.number(), seconds: z.number().default(0) }),
  async run({ path, megabytes, seconds }) {
    appendFileSync(path, 'run\n');
    const kept: Float64Array[] = [];
    for (let taken = 0; taken < megabytes; taken += 32) {
      kept.push(new Float64Array(2 ** 22).fill(taken));
      await delay(10);
    }
    await delay(seconds * 1000);
    return kept.length;
  },
});

/** Keeps ever more objects in the heap of its thread. */
export const hoard = task({
  name: 'exec.hoard',
  input: z.object({}),
  run() {
    const kept: object[] = [];
    for (;;) kept.push({ at: kept.length });
  },
});

export const ignore = task({
  name: 'exec.ignore',
  input: z.object({}),
  inline: true,
  run: (_, context) => context.ignore(),
});

/** Is rejected, and succeeds when it comes again. */
export const reject = task({
  name: 'exec.reject',
  input: traced.extend({ requeue: z.boolean() }),
  inline: true,
  async run({ path, requeue }, context) {
    const { readFile } = await import('node:fs/promises');
    const before = await readFile(path, 'utf8').catch(() => '');
    trace(path, 'run');
    return before === '' ? context.reject('no', { requeue }) : 'the second time';
  },
});

/** Notes that it runs, then waits, or ends its executor. */
export const once = task({
  name: 'exec.once',
  input: traced.extend({ seconds: z.number() }),
  acksLate: false,
  inline: true,
  async run({ path, seconds }) {
    trace(path, 'run');
    if (seconds === 0) process.kill(process.pid, 'SIGKILL');
    await delay(seconds * 1000);
  },
});

/** Fails, or runs for long; neither is acknowledged. */
export const strict = task({
  name: 'exec.strict',
  input: traced.extend({ seconds: z.number() }),
  acksOnFailureOrTimeout: false,
  inline: true,
  async run({ path, seconds }) {
    trace(path, 'run');
    await delay(seconds * 1000);
    throw new RangeError('as asked');
  },
});

export const limited = task({
  name: 'exec.limited',
  input: traced.extend({ text: z.string() }),
  rateLimit: '20/m',
  inline: true,
  run: ({ path, text }) => trace(path, text, Date.now()),
});

export const tracked = task({
  name: 'exec.tracked',
  input: traced,
  trackStarted: true,
  inline: true,
  run: ({ path }, { signal }) => waitFor(path, signal),
});

/** Reports states of its own, then runs until the file is there. */
export const progressing = task({
  name: 'exec.progressing',
  input: traced,
  inline: true,
  run({ path }, context) {
    context.progress({ done: 1, of: 2 });
    context.progress({ done: 2, of: 2 }, 'ALMOST');
    return waitFor(path, context.signal);
  },
});

export const forgotten = task({
  name: 'exec.forgotten',
  input: traced,
  ignoreResult: true,
  inline: true,
  run: ({ path }) => trace(path, 'run'),
});

function trace(path: string, ...words: readonly unknown[]): void {
  appendFileSync(path, `${words.join(' ')}\n`);
}

/** Runs until the file is there. */
async function waitFor(path: string, signal: RunningTask['signal']): Promise<string> {
  const { access } = await import('node:fs/promises');
  while (!signal.aborted) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return 'found';
    await delay(20);
  }
  return 'stopped';
}

/** Notes which of its functions are called, and fails as it announces. */
export const announced = task({
  name: 'exec.announced',
  input: traced,
  inline: true,
  ignoreResult: true,
  throws: [RangeError],
  beforeStart: ({ path }, running) => trace(path, 'before', running.taskName),
  onFailure: (error, { path }) => trace(path, 'failed', String(error)),
  afterReturn: (state, _, { path }) => trace(path, 'after', state),
  run() {
    throw new RangeError('as announced');
  },
});

/** Fails, and quotes what it was given, as drivers do. */
export const quoting = task({
  name: 'exec.quoting',
  input: z.object({ url: z.string() }),
  inline: true,
  run({ url }) {
    process.stdout.write(`connecting to ${url}\n`);
    throw new Error(`cannot connect to ${url}`, { cause: new Error(url) });
  },
});
