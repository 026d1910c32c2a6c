import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Joins, openJoins } from '../../src/ledger/joins.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { mongoUrl } from '../support/services.ts';

let mongo: Mongo;
let joins: Joins;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('joins'));
  joins = await openJoins(mongo);
});

afterAll(() => mongo.close());

test('the last task to end gets the claim, and nobody else', async () => {
  const id = randomUUID();
  expect(await joins.hold(id, 3, 'the chord')).toBeNull();
  expect(await joins.addEnd(id, 2, 3)).toBeNull();
  expect(await joins.addEnd(id, 0, 3)).toBeNull();
  expect(await joins.addEnd(id, 1, 3)).toEqual({ groupId: id, chord: 'the chord', isCopy: false });
  expect(await joins.claim(id)).toBeNull();
});

test('a task that ends twice counts once', async () => {
  const id = randomUUID();
  await joins.hold(id, 2, '');
  expect(await joins.addEnd(id, 0, 2)).toBeNull();
  expect(await joins.addEnd(id, 0, 2)).toBeNull();
  expect(await joins.addEnd(id, 1, 2)).not.toBeNull();
});

test('a header may end before the chord is held', async () => {
  const id = randomUUID();
  expect(await joins.addEnd(id, 0, 1)).toBeNull();
  expect(await joins.hold(id, 1, '$chord')).toMatchObject({ chord: '$chord' });
});

test('a chord that is held twice is held once', async () => {
  const id = randomUUID();
  await joins.hold(id, 1, 'first');
  await joins.hold(id, 1, 'second');
  expect(await joins.addEnd(id, 0, 1)).toMatchObject({ chord: 'first' });
});

test('a joined chord is not joined again', async () => {
  const id = randomUUID();
  await joins.hold(id, 1, '');
  await joins.addEnd(id, 0, 1);
  await joins.finish(id);
  expect(await joins.hold(id, 1, '')).toBeNull();
  expect(await joins.addEnd(id, 0, 1)).toBeNull();
  expect(await joins.claim(id)).toBeNull();
});

test('of many tasks that end at once, in many words, exactly one gets the claim', async () => {
  const id = randomUUID();
  const size = 200;
  const indexes = Array.from({ length: 2 * size }, (_, index) => index % size);
  const claims = await Promise.all([
    joins.hold(id, size, ''),
    ...indexes.map((index) => joins.addEnd(id, index, size)),
  ]);
  expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
});

test('a held chord is due after a second, and shows which tasks have ended', {
  timeout: 10_000,
}, async () => {
  const id = randomUUID();
  await joins.hold(id, 40, 'due');
  await joins.addEnd(id, 33, 40);
  await expect
    .poll(
      async () => {
        const due = await joins.nextDue();
        return due?.groupId === id ? [due.chord, due.hasEnded(33), due.hasEnded(2)] : null;
      },
      { timeout: 8_000 },
    )
    .toEqual(['due', true, false]);
});
