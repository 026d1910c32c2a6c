import { expect, it } from 'vitest';
import { z } from 'zod';
import { type CallOptions, wireOptions } from '../../../src/contract/call-options.ts';
import { task } from '../../../src/contract/task.ts';
import { signature } from '../../../src/contract/task-signature.ts';
import { InvalidOptions } from '../../../src/errors.ts';

const next = signature('shop.next');

it("options are written by Celery's names", () => {
  const eta = new Date('2030-01-01');
  const options: CallOptions = {
    queue: 'q',
    taskId: 'a',
    eta,
    expires: 10,
    timeLimit: 2,
    softTimeLimit: 1,
    ignoreResult: true,
    linkError: next,
    replyTo: 'r',
  };
  expect(wireOptions(options)).toEqual({
    queue: 'q',
    task_id: 'a',
    eta,
    expires: 10,
    time_limit: 2,
    soft_time_limit: 1,
    ignore_result: true,
    link_error: [next],
    reply_to: 'r',
  });
});

it('stamps stand beside the options, with their names', () => {
  expect(wireOptions({ stamps: { customer: 'a', order: 1 } })).toEqual({
    customer: 'a',
    order: 1,
    stamped_headers: ['customer', 'order'],
  });
});

it('what is undefined is left out', () => {
  expect(wireOptions({ queue: undefined } as unknown as CallOptions)).toEqual({});
});

it.each<[string, unknown, RegExp]>([
  ['a queue without a name', { queue: '' }, /'queue' is ''.*name of a queue/],
  ['a queue whose name is too long', { queue: 'é'.repeat(128) }, /'queue'.*255 bytes/],
  ['a countdown below zero', { countdown: -1 }, /'countdown' is -1: it must be seconds/],
  ['a countdown that is none', { countdown: Number.NaN }, /'countdown' is NaN/],
  ['an eta that is no date', { eta: '2030-01-01' }, /'eta' is '2030-01-01'.*Date/],
  ['an eta that is no valid date', { eta: new Date('x') }, /'eta' is Invalid Date/],
  ['a priority that is no integer', { priority: 1.5 }, /'priority' is 1.5/],
  ['a priority beyond a byte', { priority: 256 }, /'priority' is 256/],
  ['a time limit of nothing', { timeLimit: 0 }, /'timeLimit' is 0: it must be seconds above 0/],
  ['a serializer that nobody knows', { serializer: 'pickle' }, /'serializer' is 'pickle'.*msgpack/],
  ['a compression that nobody knows', { compression: 'rar' }, /'compression'.*gzip/],
  ['a callback that is no signature', { link: ['shop.next'] }, /'link'.*signature/],
  ['an option that is none', { qeue: 'q' }, /no option 'qeue': use one of queue/],
  ['an option by a name of every object', { constructor: 1 }, /no option 'constructor'/],
  ['a countdown beside an eta', { countdown: 1, eta: new Date(0) }, /both given/],
  ['an exchange without a routing key', { exchange: 'e' }, /give both, or use 'queue'/],
  ['a stamp that is named as an option', { stamps: { queue: 'q' } }, /cannot be named 'queue'/],
  [
    'a stamp that reaches a prototype',
    { stamps: JSON.parse('{"__proto__": 1}') },
    /cannot be named '__proto__'/,
  ],
  ['stamps that are no object', { stamps: ['a'] }, /'stamps' must be an object/],
])('%s is refused', (_, options, message) => {
  expect(() => wireOptions(options as CallOptions)).toThrow(InvalidOptions);
  expect(() => wireOptions(options as CallOptions)).toThrow(message);
});

it('every wrong option is named at once', () => {
  expect(() => wireOptions({ priority: -1, countdown: -1 })).toThrow(/priority.*countdown/);
});

it("a signature carries the limits of its task's definition, and options come before them", () => {
  const limited = task({
    name: 'shop.limited',
    input: z.object({}),
    timeLimit: 10,
    softTimeLimit: 5,
    ignoreResult: true,
    run: () => null,
  });
  expect(signature(limited, {}, { timeLimit: 20 }).options).toEqual({
    time_limit: 20,
    soft_time_limit: 5,
    ignore_result: true,
  });
});
