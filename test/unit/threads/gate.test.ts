import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Gate } from '../../../src/threads/gate.ts';

/** Calls `enter` so many times; the list grows with each call that is let in. */
function enterAll(gate: Gate, count: number): number[] {
  const inside: number[] = [];
  for (let i = 0; i < count; i += 1) void gate.enter().then(() => inside.push(i));
  return inside;
}

test('no more calls than the limit are inside, the others enter in their order', async () => {
  const gate = new Gate(2);
  const inside = enterAll(gate, 4);
  await nextTurn();
  expect(inside).toEqual([0, 1]);
  gate.leave();
  await nextTurn();
  expect(inside).toEqual([0, 1, 2]);
});

test('a higher limit lets waiting calls in, a lower one waits until enough have left', async () => {
  const gate = new Gate(1);
  const inside = enterAll(gate, 4);
  gate.limit = 3;
  await nextTurn();
  expect(inside).toEqual([0, 1, 2]);
  gate.limit = 1;
  gate.leave();
  gate.leave();
  await nextTurn();
  expect(inside).toEqual([0, 1, 2]);
  gate.leave();
  await nextTurn();
  expect(inside).toEqual([0, 1, 2, 3]);
});

test('a waiting call whose signal is aborted is refused with the reason and takes no place', async () => {
  const gate = new Gate(1);
  await gate.enter();
  const controller = new AbortController();
  const refused = gate.enter(controller.signal);
  const inside = enterAll(gate, 1);
  controller.abort(new Error('too late'));
  await expect(refused).rejects.toThrow('too late');
  gate.leave();
  await nextTurn();
  expect(inside).toEqual([0]);
});

test('a call with an aborted signal is refused although there is room', async () => {
  const gate = new Gate(1);
  await expect(gate.enter(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  await gate.enter();
});
