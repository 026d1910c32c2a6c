import { describe, expect, it } from 'vitest';
import { describeError, exitCodeOf } from '../../../src/cli/failure.ts';
import {
  DatasetNotFound,
  ImproperlyConfigured,
  ModelNotFound,
  OperationalError,
  ResultTimeout,
  TaskFailed,
} from '../../../src/errors.ts';

describe('exit status', () => {
  it.each([
    [new TaskFailed('id', 'ValueError', 'no', null), 1],
    [new ImproperlyConfigured('no'), 2],
    [new OperationalError('no'), 3],
    [new ResultTimeout('no'), 4],
    [new ModelNotFound('no'), 5],
    [new DatasetNotFound('no'), 5],
    [Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', syscall: 'open' }), 2],
    [new TypeError('nobody thought of this'), 70],
  ])('%s ends with its own status', (error, status) => {
    expect(exitCodeOf(error)).toBe(status);
  });
});

describe('error text', () => {
  it('is one line', () => {
    expect(describeError(new ModelNotFound("there is no 'm'"), {})).toBe("omega: there is no 'm'\n");
  });

  it('of a server that cannot be reached has a hint', () => {
    expect(describeError(new OperationalError('no'), {})).toMatch(
      /^omega: no\nhint: omega services start .*\n$/,
    );
  });

  it('shows the stack only for debugging', () => {
    const error = new ModelNotFound('no');
    expect(describeError(error, {})).not.toContain('    at ');
    expect(describeError(error, { loglevel: 'debug' })).toContain('    at ');
  });

  it('is JSON where JSON was asked for', () => {
    const text = describeError(new ModelNotFound('no'), { json: true });
    expect(JSON.parse(text)).toEqual({ error: { code: 'MODEL_NOT_FOUND', message: 'no' } });
  });
});
