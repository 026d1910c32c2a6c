/** Tasks as in test/python/bench_app.py. */
import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { task } from '../../src/index.ts';

/** Does nothing. */
export const empty = task({ name: 'bench.empty', input: z.object({}), inline: true, run: () => null });

/** Notes in a file that it runs, then kills the process that it runs in. */
export const poison = task({
  name: 'bench.poison',
  input: z.object({ path: z.string() }),
  args: ['path'],
  inline: true,
  async run({ path }) {
    appendFileSync(path, 'run\n');
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  },
});
