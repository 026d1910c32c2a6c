import { expect, it } from 'vitest';
import type { Outcome } from '../../../src/contract/job.ts';
import { explainMemory } from '../../../src/executor/memory-failure.ts';
import { failureOf } from '../../../src/executor/outcome.ts';

it.each([
  new RangeError('Array buffer allocation failed'),
  new Error('Non-zero status code returned: std::bad_alloc'),
])('a refused allocation is told with what there is and what to do: %s', (error) => {
  const outcome = failureOf(error);
  expect(explainMemory(outcome, 'shop.add', 159_744)).toEqual({
    kind: 'failure',
    error: {
      excType: 'MemoryError',
      excModule: 'builtins',
      excMessage: [
        "task 'shop.add' needs more memory than the 159744 KiB that an executor may take: give it less to do at once, raise OMEGA_WORKER_MEMORY_LIMIT, or give the worker more memory or fewer slots",
      ],
      traceback: outcome.kind === 'failure' ? outcome.error.traceback : '',
    },
  });
});

it('other outcomes stay as they are', () => {
  const outcomes: Outcome[] = [
    failureOf(new RangeError('Invalid array length')),
    { kind: 'ignored' },
    failureOf('Array buffer'),
  ];
  for (const outcome of outcomes) expect(explainMemory(outcome, 'shop.add', 1)).toBe(outcome);
});
