import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createOutbox } from '../../../src/contract/outbox.ts';

test('what is pushed in one turn of the event loop is sent as one batch', async () => {
  const sent: (readonly number[])[] = [];
  const outbox = createOutbox<number>((batch) => sent.push(batch));
  outbox.push(1);
  outbox.push(2);
  expect(sent).toEqual([]);
  await nextTurn();
  outbox.push(3);
  await nextTurn();
  expect(sent).toEqual([[1, 2], [3]]);
});

test('flush sends at once what was pushed, and nothing twice', async () => {
  const sent: (readonly number[])[] = [];
  const outbox = createOutbox<number>((batch) => sent.push(batch));
  outbox.push(1);
  outbox.flush();
  outbox.flush();
  expect(sent).toEqual([[1]]);
  await nextTurn();
  expect(sent).toEqual([[1]]);
});
