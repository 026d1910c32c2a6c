/** A task that does nothing, as in test/python/bench_app.py. */
import { z } from 'zod';
import { task } from '../../src/index.ts';

export const empty = task({ name: 'bench.empty', input: z.object({}), inline: true, run: () => null });
