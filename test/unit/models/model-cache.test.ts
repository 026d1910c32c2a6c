import { expect, it } from 'vitest';
import { createModelCache } from '../../../src/models/model-cache.ts';

/** A cache that says what it had to load. */
function counted(maxBytes: number) {
  const cache = createModelCache(maxBytes);
  const loaded: string[] = [];
  const get = (key: string, byteLength = 10) =>
    cache.get(key, async () => {
      loaded.push(key);
      return { model: { key }, byteLength };
    });
  return { get, loaded };
}

it('a model is loaded once', async () => {
  const { get, loaded } = counted(100);
  expect(await get('a')).toBe(await get('a'));
  expect(loaded).toEqual(['a']);
});

it('the model used longest ago makes room', async () => {
  const { get, loaded } = counted(20);
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await get(key);
  expect(loaded).toEqual(['a', 'b', 'c', 'b']);
});

it('a model above the limit is used, and not kept', async () => {
  const { get, loaded } = counted(20);
  for (const key of ['a', 'large', 'large', 'a']) await get(key, key === 'a' ? 10 : 21);
  expect(loaded).toEqual(['a', 'large', 'large']);
});

it('a model that two ask for at once counts once', async () => {
  const { get, loaded } = counted(20);
  await Promise.all([get('a'), get('a')]);
  await get('b');
  await get('a');
  expect(loaded).toEqual(['a', 'a', 'b']);
});

it('a failure is not kept', async () => {
  const cache = createModelCache();
  const failing = cache.get('a', () => Promise.reject(new Error('away')));
  await expect(failing).rejects.toThrow('away');
  expect(await cache.get('a', async () => ({ model: 1, byteLength: 1 }))).toBe(1);
});
