import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tryLock, withLock } from '../../../src/services/lock.ts';

function lockFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omega-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'lock');
}

it('a lock that a live process holds is not given again until it is released', () => {
  const path = lockFile();
  const release = tryLock(path);
  expect(tryLock(path)).toBeNull();
  release?.();
  expect(tryLock(path)).not.toBeNull();
});

it('a lock that a dead process left is taken over', async () => {
  const path = lockFile();
  writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: 'another process had this id' }));
  expect(await withLock(path, async () => 'ran')).toBe('ran');
});

it('those who wait for the lock run one after the other', async () => {
  const path = lockFile();
  let running = 0;
  const most = await Promise.all(
    [1, 2, 3].map(() =>
      withLock(path, async () => {
        running += 1;
        await new Promise((resolve) => setTimeout(resolve, 10));
        const seen = running;
        running -= 1;
        return seen;
      }),
    ),
  );
  expect(most).toEqual([1, 1, 1]);
});

it('the lock is released when the action throws', async () => {
  const path = lockFile();
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(tryLock(path)).not.toBeNull();
});

it('a lock file that was never completed is taken over after some seconds', async () => {
  const path = lockFile();
  writeFileSync(path, '');
  expect(tryLock(path)).toBeNull();
  expect(tryLock(path)).toBeNull();
  const earlier = Date.now() / 1000 - 10;
  utimesSync(path, earlier, earlier);
  expect(await withLock(path, async () => 'ran')).toBe('ran');
});

it('only one process at a time takes over what a dead one left', () => {
  const path = lockFile();
  writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: 'another process had this id' }));
  const release = tryLock(`${path}.takeover`);
  expect([tryLock(path), tryLock(path)]).toEqual([null, null]);
  release?.();
  expect(tryLock(path)).toBeNull();
  expect(tryLock(path)).not.toBeNull();
});

it('a released lock leaves no files', async () => {
  const path = lockFile();
  writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: 'another process had this id' }));
  await withLock(path, async () => undefined);
  expect(readdirSync(dirname(path))).toEqual([]);
});
