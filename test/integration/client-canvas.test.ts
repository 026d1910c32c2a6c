/** Groups, chains and chords of a client of ours, on a real broker and through a worker of ours. */
import { expect, it, onTestFinished } from 'vitest';
import { connectTransport } from '../../src/broker/transport.ts';
import { chain, chord, chunks, group } from '../../src/contract/canvas.ts';
import { link } from '../../src/contract/signature-options.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { echo, plus, sum } from '../support/tasks.ts';
import { useClient, usePlace, useWorker } from '../support/worker.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

it('a group of 10,000 is published, and closing waits for it', async () => {
  const place = usePlace();
  const om = await useClient(place);
  const { sent } = om.runtime.apply(group(numbers(10_000).map((value) => signature(echo, { value }))));
  await om.close();
  await expect(sent).resolves.toBeUndefined();
  const transport = await connectTransport({ url: place.broker, name: 'test', retry: false });
  try {
    expect(await transport.purgeQueue(place.queue)).toBe(10_000);
  } finally {
    await transport.close();
  }
});

it('many groups are waited for at once without a warning of a leak', async () => {
  const om = await useClient(usePlace());
  const warnings: Error[] = [];
  const listener = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listener);
  onTestFinished(() => void process.off('warning', listener));
  const groups = numbers(20).map((x) => om.runtime.apply(group([signature(plus, { x, y: 1 })])));
  const waits = await Promise.allSettled(groups.map((handle) => handle.get({ timeout: 500 })));
  expect(waits.filter(({ status }) => status === 'rejected')).toHaveLength(20);
  expect(warnings).toEqual([]);
});

it('a worker of ours runs groups, chains and chords in one another', { timeout: 60_000 }, async () => {
  const place = usePlace();
  await useWorker(place);
  const om = await useClient(place);
  const timeout = 20_000;

  const handle = om.runtime.apply(group(numbers(300).map((x) => signature(plus, { x, y: 1 }))));
  const seen = new Set<number>();
  for await (const { index } of handle) seen.add(index);
  expect(seen.size).toBe(300);
  expect(await handle.progress()).toEqual({ done: 300, total: 300, failed: 0 });
  expect(await handle).toEqual(numbers(300).map((x) => x + 1));

  const joined = chord([signature(plus, { x: 1, y: 1 }), signature(plus, { x: 2, y: 2 })], signature(sum));
  const line = chain(joined, signature(plus, { y: 10 }));
  const last = om.runtime.apply(line);
  expect(await last.get({ timeout })).toBe(16);
  expect(await last.parent?.get({ timeout })).toBe(6);

  const middle = group([signature(plus, { y: 1 }), signature(plus, { y: 2 })]);
  const through = chain(signature(plus, { x: 1, y: 1 }), middle, signature(sum));
  expect(await om.runtime.apply(through).get({ timeout })).toBe(7);

  expect(
    await om.runtime
      .apply(
        chunks(
          plus,
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          2,
        ),
      )
      .get({ timeout }),
  ).toEqual([[3, 7], [11]]);

  const linked = om.runtime.apply(link(signature(plus, { x: 1, y: 1 }), signature(plus, { y: 5 })));
  await linked.get({ timeout });
  const [child] = await linked.children();
  expect(await child?.get({ timeout })).toBe(7);
});
