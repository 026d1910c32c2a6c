import { expect, test } from 'vitest';
import type { JsonText } from '../../../src/contract/job.ts';
import { InvalidTaskError, ProtocolError } from '../../../src/errors.ts';
import { readArguments } from '../../../src/executor/call-arguments.ts';
import { job } from '../../support/executors.ts';

function read(body: string) {
  return readArguments(job('a', {}, { body: body as JsonText }));
}

test('a body gives positional and keyword arguments', () => {
  expect(read('[[1, NaN], {"x": 2}, {"chain": null}]')).toEqual({ args: [1, Number.NaN], kwargs: { x: 2 } });
});

test.each(['null', '{}', '[]', '[[]]', '[{}, {}]', '[[], []]', '[[], null, {}]'])(
  'the body %s holds no arguments',
  (body) => {
    expect(() => read(body)).toThrow(InvalidTaskError);
  },
);

test('a body that is no JSON is refused as that', () => {
  expect(() => read('[[')).toThrow(ProtocolError);
});
