import { expect, it } from 'vitest';
import { withinMemory } from '../../../src/executor/memory-share.ts';

it('what is kept is at most a quarter of what an executor may take', () => {
  expect(withinMemory(256, 156 * 1024)).toBe(39);
  expect(withinMemory(16, 156 * 1024)).toBe(16);
  expect(withinMemory(256, null)).toBe(256);
});
