import { describe, expect, it } from 'vitest';
import { chain, chord, chunks, group, map } from '../../../src/contract/canvas.ts';
import type { AnySignature } from '../../../src/contract/signature.ts';
import { immutable, link, linkError, stamp, withOptions } from '../../../src/contract/signature-options.ts';
import { signature } from '../../../src/contract/task-signature.ts';
import { InvalidOptions } from '../../../src/errors.ts';

const one = signature<unknown, number>('shop.one', [1]);
const two = signature<unknown, number>('shop.two', [2]);
const note = signature<unknown, void>('shop.note');

const tasksOf = (sig: AnySignature) => sig.kwargs.tasks as AnySignature[];
const bodyOf = (sig: AnySignature) => sig.kwargs.body as AnySignature;

it('signatures are plain data in the form of Celery', () => {
  const sig = chain(one, chord([one, two], note));
  expect(JSON.parse(JSON.stringify(sig))).toEqual(sig);
  expect(one).toEqual({
    task: 'shop.one',
    args: [1],
    kwargs: {},
    options: {},
    subtask_type: null,
    immutable: false,
  });
  expect(chord([one], note)).toEqual({
    task: 'celery.chord',
    args: [],
    kwargs: { kwargs: {}, header: group([one]), body: note },
    options: {},
    subtask_type: 'chord',
    immutable: false,
  });
});

it('a map names its task by a signature and takes no result', () => {
  expect(map('shop.one', [1, 2])).toMatchObject({
    task: 'celery.map',
    kwargs: { task: { task: 'shop.one', args: [] }, it: [1, 2] },
    immutable: true,
  });
});

it('chunks are a group of parts', () => {
  const parts = tasksOf(chunks('shop.one', [[1], [2], [3]], 2));
  expect(parts.map(({ kwargs }) => kwargs.it)).toEqual([[[1], [2]], [[3]]]);
});

it('a chain without steps, a chord without a header and chunks of nothing are refused', () => {
  expect(() => chain()).toThrow(InvalidOptions);
  expect(() => chord([], note)).toThrow(InvalidOptions);
  expect(() => chunks('shop.one', [[1]], 0)).toThrow(InvalidOptions);
});

describe('changing a signature', () => {
  it('leaves the original as it is', () => {
    const sig = chain(one, group([two]));
    const before = JSON.stringify(sig);
    stamp(immutable(linkError(withOptions(sig, { queue: 'q' }), note)), { a: 1 });
    expect(JSON.stringify(sig)).toBe(before);
  });

  it('immutable makes what takes the result immutable: the first of a chain, each of a group, the header', () => {
    expect(tasksOf(immutable(chain(one, two))).map((step) => step.immutable)).toEqual([true, false]);
    expect(tasksOf(immutable(group([one, two]))).map((step) => step.immutable)).toEqual([true, true]);
    const header = immutable(chord([one], two)).kwargs.header as AnySignature;
    expect(tasksOf(header).map((step) => step.immutable)).toEqual([true]);
  });

  it('a callback is called at the end: after the last of a chain, after the body of a chord', () => {
    expect(tasksOf(link(chain(one, two), note)).map(({ options }) => options.link)).toEqual([
      undefined,
      [note],
    ]);
    expect(bodyOf(link(chord([one], two), note)).options.link).toEqual([note]);
    expect(link(link(one, note), two).options.link).toEqual([note, two]);
    expect(link(link(one, note), note).options.link).toEqual([note]);
    expect(() => link(group([one]), note)).toThrow(/use chord/);
  });

  it('an error callback is called for whatever fails', () => {
    for (const sig of [chain(one, two), group([one, two])]) {
      expect(tasksOf(linkError(sig, note)).map(({ options }) => options.link_error)).toEqual([
        [note],
        [note],
      ]);
    }
    expect(bodyOf(linkError(chord([one], two), note)).options.link_error).toEqual([note]);
  });

  it('stamps go on every task and callback, beside those that are there', () => {
    const stamped = stamp(stamp(chain(link(one, note), chord([one], two)), { a: 1 }), { b: 2 });
    const all = [/"a":1/g, /"b":2/g].map((pattern) => JSON.stringify(stamped).match(pattern)?.length);
    expect(all).toEqual([4, 4]);
    expect(tasksOf(stamped)[0]?.options.stamped_headers).toEqual(['a', 'b']);
  });
});
