import { expect, it } from 'vitest';
import { heapFlags } from '../../../src/executors/heap-flag.ts';

it('new objects have less room in a small heap, and as much as by default in a large one', () => {
  expect(heapFlags(78)).toEqual(['--max-old-space-size=78', '--max-semi-space-size=4']);
  expect(heapFlags(2048)).toEqual(['--max-old-space-size=2048', '--max-semi-space-size=16']);
});

it.each(['--max-old-space-size=99', '--import=./a.mjs --max_old_space_size=99'])(
  'NODE_OPTIONS=%s wins',
  (options) => {
    expect(heapFlags(78, options)).toEqual([]);
  },
);
