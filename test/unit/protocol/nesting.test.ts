import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../../dist/test/support/deep-values.js', import.meta.url));

it('values as deep as they may be leave a third of the stack free, and deeper ones are refused', () => {
  // KiB; V8's default is 984.
  const { stderr, status } = spawnSync(process.execPath, ['--stack-size=656', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
