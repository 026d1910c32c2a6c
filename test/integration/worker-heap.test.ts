/** Results beside a small heap of the supervisor: what it has no room for fails its task, and the worker goes on. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { chord } from '../../src/contract/canvas.ts';
import type { AnySignature } from '../../src/contract/signature.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { type Place, type TestWorker, useClient, usePlace, useWorker } from '../support/worker.ts';

const TASKS = fileURLToPath(new URL('../../dist/test/support/canvas-tasks.js', import.meta.url));
/** As in a container of 256 MiB. */
const SMALL_HEAP = ['--max-old-space-size=64', '--max-semi-space-size=4'];
const MIB = 2 ** 20;
const WAIT = { timeout: 60_000 };

const call = (name: string, ...args: unknown[]): AnySignature => signature(`canvas.${name}`, args);

function useSmallWorker(place: Place): Promise<TestWorker> {
  return useWorker(place, [TASKS], SMALL_HEAP);
}

it('a result that the supervisor has no room for fails its task, with what to do', WAIT, async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useSmallWorker(place)]);
  await expect(om.runtime.apply(call('large', 30))).rejects.toThrow(
    /has 31457282 bytes, the limit is \d+: store it as a dataset and return its name, or give the worker more memory/,
  );
  expect(await om.runtime.apply(call('add', 1, 1))).toBe(2);
  expect(worker.process.exitCode).toBeNull();
});

it('results within the limit pass in every slot at once, however their text is written', WAIT, async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useSmallWorker(place)]);
  const characters = ['"', '\u20ac', '"', '\u20ac', '"', '"'];
  // In JSON a quote takes two bytes, and the other one takes three.
  const sizes = characters.map((character) => (character === '"' ? 1.4 : 0.9));
  const results = characters.map((character, i) => om.runtime.apply(call('large', sizes[i], character)));
  const lengths = (await Promise.all(results)).map((text) => String(text).length);
  expect(lengths).toEqual(sizes.map((size) => Math.floor(size * MIB)));
  expect(worker.process.exitCode).toBeNull();
});

it('the body of a chord fails whose header has more results than a message has room for', WAIT, async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useSmallWorker(place)]);
  const header = Array.from({ length: 24 }, () => call('large', 2.5));
  await expect(om.runtime.apply(chord(header, call('identity')))).rejects.toThrow(
    /ChordError.*the results are too large together to be passed on, the limit is 12582912 bytes/,
  );
  expect(await om.runtime.apply(call('add', 1, 1))).toBe(2);
  expect(worker.process.exitCode).toBeNull();
});

it(
  'of a header with more results than a message has room for, the one that failed is told',
  WAIT,
  async () => {
    const place = usePlace();
    const [om] = await Promise.all([useClient(place), useSmallWorker(place)]);
    const header = [...Array.from({ length: 8 }, () => call('large', 2.5)), call('fail')];
    await expect(om.runtime.apply(chord(header, call('identity')))).rejects.toThrow(/ChordError.*Dependency/);
  },
);
