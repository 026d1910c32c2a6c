import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BatchWriter } from '../../../src/backend/batch.ts';

interface Gate {
  readonly batches: (readonly string[])[];
  /** Ends the batch that is being written, with an error per item or null. */
  finish(errors?: readonly unknown[]): void;
  fail(error: unknown): void;
}

function writerWithGate(limit = 100): { writer: BatchWriter<string>; gate: Gate } {
  const batches: (readonly string[])[] = [];
  let resolve: (errors: readonly unknown[]) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const write = (items: readonly string[]) => {
    batches.push(items);
    return new Promise<readonly unknown[]>((done, failed) => {
      resolve = done;
      reject = failed;
    });
  };
  const writer = new BatchWriter<string>({ limit, key: (item) => item.slice(0, 1), write });
  return {
    writer,
    gate: { batches, finish: (errors = []) => resolve(errors), fail: (error) => reject(error) },
  };
}

it('writes together what arrives in one turn, and what arrives while a batch is on its way', async () => {
  const { writer, gate } = writerWithGate();
  const all = ['a', 'b'].map((item) => writer.add(item));
  await turn();
  all.push(...['c', 'd'].map((item) => writer.add(item)));
  gate.finish();
  await turn();
  gate.finish();
  await Promise.all(all);
  expect(gate.batches).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

it('settles every item with its own outcome', async () => {
  const { writer, gate } = writerWithGate();
  const settled = Promise.allSettled(['a', 'b', 'c'].map((item) => writer.add(item)));
  await turn();
  gate.finish([null, 'refused', null]);
  expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

it('goes on after a batch that failed as a whole', async () => {
  const { writer, gate } = writerWithGate();
  const failed = writer.add('a');
  await turn();
  gate.fail(new Error('gone'));
  await expect(failed).rejects.toThrow('gone');
  const next = writer.add('b');
  await turn();
  gate.finish();
  await expect(next).resolves.toBeUndefined();
});

it('writes items of one key one after the other, in their order', async () => {
  const { writer, gate } = writerWithGate();
  const all = ['a1', 'b1', 'a2', 'a3'].map((item) => writer.add(item));
  for (let batch = 0; batch < 3; batch += 1) {
    await turn();
    gate.finish();
  }
  await Promise.all(all);
  expect(gate.batches).toEqual([['a1', 'b1'], ['a2'], ['a3']]);
});

it('keeps a batch within its limit', async () => {
  const { writer, gate } = writerWithGate(2);
  const all = ['a', 'b', 'c'].map((item) => writer.add(item));
  await turn();
  gate.finish();
  await turn();
  gate.finish();
  await Promise.all(all);
  expect(gate.batches).toEqual([['a', 'b'], ['c']]);
});

it('is idle when everything is written', async () => {
  const { writer, gate } = writerWithGate();
  let isIdle = false;
  const added = writer.add('a');
  const idle = writer.idle().then(() => {
    isIdle = true;
  });
  await turn();
  expect(isIdle).toBe(false);
  gate.finish();
  await Promise.all([added, idle]);
  expect(isIdle).toBe(true);
});
