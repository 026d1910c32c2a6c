import { describe, expect, it } from 'vitest';
import type { SignatureFields } from '../../../src/contract/signature.ts';
import { InvalidTaskError, ProtocolError } from '../../../src/errors.ts';
import { applySignature } from '../../../src/protocol/canvas.ts';
import { joinSize } from '../../../src/protocol/canvas-join.ts';
import { parseJson } from '../../../src/protocol/json.ts';
import { JsonFragment } from '../../../src/protocol/json-fragment.ts';
import { encodeTask } from '../../../src/protocol/task-message.ts';
import { countingApplier } from '../../support/canvas-fixtures.ts';

function sig(task: string, ...args: unknown[]): SignatureFields {
  return { task, args, kwargs: {}, options: {}, subtask_type: null, immutable: false };
}

function composite(type: 'chain' | 'group', tasks: readonly unknown[]): SignatureFields {
  return { ...sig(`celery.${type}`), kwargs: { tasks }, subtask_type: type };
}

function chord(header: readonly unknown[], body: SignatureFields): SignatureFields {
  return { ...sig('celery.chord'), kwargs: { header, body, kwargs: {} }, subtask_type: 'chord' };
}

const apply = (signature: unknown, overrides = {}) =>
  applySignature(signature as SignatureFields, countingApplier(overrides));

describe('signatures that cannot be applied', () => {
  it.each([
    ['no object', 3],
    ['no task', { args: [] }],
    ['arguments that are no list', { ...sig('t'), args: 'ab' }],
    ['keyword arguments that are no object', { ...sig('t'), kwargs: [] }],
    ['an unknown kind', { ...sig('t'), subtask_type: 'tree' }],
    ['a group without tasks', { ...sig('t'), subtask_type: 'group' }],
    ['a chord without a body', { ...sig('t'), kwargs: { header: [] }, subtask_type: 'chord' }],
    ['a member that is none', composite('group', [sig('t'), null])],
    ['a countdown that is no number', { ...sig('t'), options: { countdown: 'soon' } }],
    ['a date that is none', { ...sig('t'), options: { eta: 'soon' } }],
    ['a queue that is no name', { ...sig('t'), options: { queue: {} } }],
    ['links that are none', { ...sig('t'), options: { link: ['t'] } }],
  ])('%s is refused', (_, signature) => {
    expect(() => apply(signature)).toThrow(ProtocolError);
  });

  it('an empty chain has no result', () => {
    expect(() => apply(composite('chain', []))).toThrow(InvalidTaskError);
    expect(() => apply(composite('group', [composite('chain', [composite('chain', [])])]))).toThrow(
      InvalidTaskError,
    );
  });

  it('more than 100,000 tasks are too many', () => {
    const tasks = Array.from({ length: 100_001 }, () => sig('t'));
    expect(() => apply(composite('group', tasks))).toThrow(InvalidTaskError);
    expect(() =>
      apply({ ...sig('celery.chunks'), kwargs: { task: sig('t'), it: tasks, n: 1 }, subtask_type: 'chunks' }),
    ).toThrow(InvalidTaskError);
  });

  it('nesting of more than 64 is too deep', () => {
    let nested = sig('t');
    for (let depth = 0; depth < 64; depth += 1) nested = composite('group', [nested]);
    expect(() => apply(nested)).toThrow(InvalidTaskError);
  });

  it('names of prototypes are names as any other', () => {
    const options = JSON.parse(
      '{"__proto__": {"polluted": 1}, "stamped_headers": ["__proto__", "constructor"], "constructor": 2}',
    );
    const { calls } = apply({ ...sig('t'), options });
    expect(Object.keys(calls[0]?.stamps ?? {})).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('chords that join our way', () => {
  it('body and header say so, and celery.chord_unlock comes at once', () => {
    const { calls, joins } = apply(chord([sig('a'), sig('b')], sig('body')), { chords: 'join' });
    const [unlock, first] = calls;
    const groupId = joins[0]?.groupId ?? '';
    expect(unlock).toMatchObject({ taskName: 'celery.chord_unlock', eta: null });
    expect(joinSize(first?.embed?.chord ?? {}, groupId)).toBe(2);
    expect(joinSize(unlock?.args[1] as Record<string, unknown>, groupId)).toBe(2);
    expect(joinSize(first?.embed?.chord ?? {}, 'another')).toBeNull();
  });

  it('so do chords that a worker sends later, of whichever kind it is', () => {
    const [first] = apply(
      composite('chain', [
        sig('a'),
        composite('group', [sig('b')]),
        composite('group', [sig('b'), sig('c')]),
        sig('d'),
      ]),
      {
        chords: 'join',
      },
    ).calls;
    const later = first?.embed?.chain?.find((next) => next.subtask_type === 'chord');
    const { calls, joins } = apply(later, { chords: 'unlock' });
    expect(joinSize(calls[1]?.embed?.chord ?? {}, joins[0]?.groupId ?? '')).toBe(2);
    expect(JSON.stringify(calls[1]?.headers)).not.toContain('x-omega-join');
  });

  it("a header with a group's result in it joins Celery's way", () => {
    const nested = composite('chain', [sig('a'), composite('group', [sig('b'), sig('c')])]);
    const { calls, joins } = apply(chord([nested, sig('d')], sig('body')), { chords: 'join' });
    expect(calls[0]?.eta).not.toBeNull();
    expect(joins[0]).toMatchObject({ size: 3 });
    expect(joinSize(joins[0]?.body ?? {}, joins[0]?.groupId ?? '')).toBeNull();
  });

  it('a backend that counts is told the size, and no celery.chord_unlock is sent', () => {
    const { calls, joins } = apply(chord([sig('a'), sig('b')], sig('body')), { chords: 'redis' });
    expect(calls.map(({ taskName }) => taskName)).toEqual(['a', 'b']);
    expect(joins).toMatchObject([{ size: 2 }]);
  });
});

describe('tasks that a task sends', () => {
  const parent = { taskId: 'parent', rootId: 'root', priority: null };

  it('know their parent and their root', () => {
    expect(apply(sig('t'), { parent }).calls[0]).toMatchObject({ parentId: 'parent', rootId: 'root' });
  });

  it('are its children: a group as one, a chord as celery.chord_unlock and its header', () => {
    const group = apply(composite('group', [sig('a'), sig('b')]), { parent });
    expect(group.children).toEqual([group.result]);
    const joined = apply(chord([sig('a'), sig('b')], sig('body')), { parent });
    expect(joined.children.map(([, children]) => children?.length ?? null)).toEqual([null, 2]);
  });

  it('show the last 12 results of a long chain as parents of each other', () => {
    const chain = composite(
      'chain',
      Array.from({ length: 200 }, () => sig('t')),
    );
    const { children } = apply(composite('group', [chain]), { parent });
    const [[, members] = []] = children;
    expect(JSON.stringify(members).match(/"/g)).toHaveLength(2 * 13);
  });

  it('take a result as the text that it is', () => {
    const text = '[1.0, NaN, {"__type__": "date", "__value__": "2026-01-02"}, 12345678901234567890]';
    const [call] = applySignature(sig('t', 2), countingApplier(), {
      args: [new JsonFragment(text as never)],
    }).calls;
    if (call === undefined) throw new Error('nothing is sent');
    const body = encodeTask(call).body.toString();
    expect(body.startsWith(`[[${text},2]`)).toBe(true);
    expect(parseJson(body)).toMatchObject([
      [[1, Number.NaN, { type: 'date' }, 12345678901234567890n], 2],
      {},
      {},
    ]);
  });
});
