import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { DatasetNotFound, TaskFailed } from '../../../src/errors.ts';
import {
  errorFromRecord,
  exceptionText,
  recordFromResult,
  toErrorRecord,
} from '../../../src/protocol/exception.ts';

class ShopClosed extends Error {}

describe('toErrorRecord', () => {
  it.each<[unknown, string, string]>([
    [new DatasetNotFound('no x'), 'KeyError', 'builtins'],
    [new TypeError('t'), 'TypeError', 'builtins'],
    [new RangeError('r'), 'ValueError', 'builtins'],
    [new Error('e'), 'Exception', 'builtins'],
    [new ShopClosed('s'), 'ShopClosed', 'omegaml_node'],
    [Object.assign(new Error('o'), { name: 'os.system' }), 'Exception', 'omegaml_node'],
    [Object.assign(new Error('p'), { name: 'eval' }), 'eval', 'omegaml_node'],
    [runInNewContext('new TypeError("other realm")'), 'TypeError', 'builtins'],
  ])('names %s for Python', (error, excType, excModule) => {
    expect(toErrorRecord(error)).toMatchObject({ excType, excModule });
  });

  it.each<[string, unknown, string]>([
    ['a text', 'boom', 'thrown value: boom'],
    ['nothing', undefined, 'thrown value: undefined'],
    ['an object', { code: 5 }, 'thrown value: { code: 5 }'],
    ['an object without a prototype', Object.create(null), 'thrown value: [Object: null prototype] {}'],
  ])('takes %s that was thrown', (_, thrown, message) => {
    expect(toErrorRecord(thrown)).toMatchObject({ excType: 'Exception', excMessage: [message] });
  });

  it('takes an error that cannot be read', () => {
    const error = new Error('hidden');
    Object.defineProperty(error, 'message', {
      get() {
        throw new Error('no');
      },
    });
    expect(toErrorRecord(error).excMessage).toEqual(['an error was thrown that cannot be read']);
  });

  it('shortens a message that would make the result unsendable', () => {
    const [message] = toErrorRecord(new Error('x'.repeat(10_000_000))).excMessage;
    expect(String(message).length).toBeLessThan(40_000);
  });

  it('writes the stack as a Python traceback, the throwing line last', () => {
    function innermost(): never {
      throw new ShopClosed('closed');
    }
    function outer(): void {
      innermost();
    }
    const lines = (toErrorRecord(capture(outer)).traceback ?? '').trimEnd().split('\n');
    expect(lines[0]).toBe('Traceback (most recent call last):');
    expect(lines.at(-2)).toMatch(/^ {2}File ".*exception\.test\.ts", line \d+, column \d+, in innermost$/);
    expect(lines.at(-3)).toMatch(/in outer$/);
    expect(lines.at(-1)).toBe('ShopClosed: closed');
  });

  it('writes the causes first and ends on a circle of causes', () => {
    const cause = new TypeError('first');
    const error = new DatasetNotFound('second', { cause });
    cause.cause = error;
    const traceback = toErrorRecord(error).traceback ?? '';
    expect(traceback).toMatch(/TypeError: first\n\nThe above exception was the direct cause/);
    expect(traceback).toMatch(/DatasetNotFound \[DATASET_NOT_FOUND\]: second\n$/);
  });
});

describe('exceptionText', () => {
  it('writes what JSON cannot hold as its text, as Celery does', () => {
    const record = {
      excType: 'E',
      excModule: 'm',
      excMessage: ['a', 1, Promise.resolve(1)],
      traceback: null,
    };
    expect(JSON.parse(exceptionText(record))).toEqual({
      exc_type: 'E',
      exc_module: 'm',
      exc_message: ['a', 1, 'Promise { 1 }'],
    });
  });
});

describe('recordFromResult', () => {
  it.each<[string, unknown, Record<string, unknown>]>([
    ['a message that is text', { exc_type: 'E', exc_message: 'm' }, { excType: 'E', excMessage: ['m'] }],
    ['no message', { exc_type: 'E', exc_module: null }, { excMessage: [], excModule: 'builtins' }],
    ['no dict', [1, null], { excType: 'Exception', excMessage: ['[1, None]'] }],
  ])('reads %s', (_, dict, expected) => {
    expect(recordFromResult(dict, 'tb')).toMatchObject({ ...expected, traceback: 'tb' });
  });
});

describe('errorFromRecord', () => {
  it('keeps the class, all arguments and the traceback', () => {
    const record = {
      excType: 'ValueError',
      excModule: 'builtins',
      excMessage: ['boom', { a: null }],
      traceback: 'tb',
    };
    const error = errorFromRecord('id', record);
    expect(error).toBeInstanceOf(TaskFailed);
    expect(error).toMatchObject({ taskId: 'id', excType: 'ValueError', traceback: 'tb' });
    expect(error.message).toBe("ValueError: boom, {'a': None}");
  });
});

function capture(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
