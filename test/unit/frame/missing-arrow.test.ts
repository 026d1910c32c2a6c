import { expect, it, vi } from 'vitest';
import { MissingDependency } from '../../../src/errors.ts';
import { DataFrame } from '../../../src/frame/data-frame.ts';

vi.mock('apache-arrow', () => {
  throw new Error('Cannot find package');
});

it('a table of Arrow without apache-arrow names the command that installs it', async () => {
  const writing = DataFrame.fromObject({ x: [1] }).toArrow();
  await expect(writing).rejects.toThrow(MissingDependency);
  await expect(writing).rejects.toThrow('npm install apache-arrow');
});
