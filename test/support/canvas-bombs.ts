/** Signatures of some kilobytes or megabytes that come to gigabytes, or to hours, when they are applied. */
import type { SignatureFields } from '../../src/contract/signature.ts';

type Options = Record<string, unknown>;

export function sig(task: string, options: Options = {}): SignatureFields {
  return { task, args: [], kwargs: {}, options, subtask_type: null, immutable: false };
}

export function chain(tasks: readonly SignatureFields[], options: Options = {}): SignatureFields {
  return { ...sig('celery.chain', options), kwargs: { tasks }, subtask_type: 'chain' };
}

export function group(tasks: readonly SignatureFields[], options: Options = {}): SignatureFields {
  return { ...sig('celery.group', options), kwargs: { tasks }, subtask_type: 'group' };
}

export function chord(
  header: readonly SignatureFields[],
  body: SignatureFields,
  options: Options = {},
): SignatureFields {
  return { ...sig('celery.chord', options), kwargs: { header, body, kwargs: {} }, subtask_type: 'chord' };
}

export function many<Item>(length: number, make: (index: number) => Item): Item[] {
  return Array.from({ length }, (_, index) => make(index));
}

/** By what they are. */
export function canvasBombs(): [string, SignatureFields][] {
  const errbacks = { link_error: many(3_000, (index) => sig(`errback ${index}`)) };
  const tasks = () => many(3_000, () => sig('test.plus'));
  const stamps = many(1_000, (index) => `stamp-${index}`);
  const stamped = { stamped_headers: stamps, ...Object.fromEntries(stamps.map((name) => [name, 'x'])) };
  return [
    ['a group of more than 100,000 tasks', group(many(100_001, () => sig('t')))],
    ['a chain of many tasks with many errbacks', chain(tasks(), errbacks)],
    ['such a chain in another one', chain([chain(tasks(), errbacks), sig('test.plus')])],
    ['a chord of many tasks with many errbacks', chord(tasks(), group(tasks()), errbacks)],
    ['a chord with many callbacks', chord([sig('a'), sig('b')], sig('body'), { link: errbacks.link_error })],
    ['a chain of thousands of groups', chain(many(4_000, () => group([sig('a'), sig('b')])))],
    [
      'many tasks with many stamps',
      group(
        many(20_000, () => sig('t')),
        stamped,
      ),
    ],
    [
      'many tasks with one stamp of megabytes',
      group(tasks(), { stamped_headers: ['stamp'], stamp: 'x'.repeat(8_000_000) }),
    ],
    [
      'a large body that every task of its header takes along',
      chord(tasks(), { ...sig('body'), kwargs: { text: 'x'.repeat(4_000_000) } }),
    ],
    ['chords in both the header and the body of chords', doubled(13)],
  ];
}

function doubled(levels: number): SignatureFields {
  return levels === 0 ? sig('t') : chord([doubled(levels - 1), sig('t')], doubled(levels - 1));
}
