import { describe, expect, it } from 'vitest';
import { InvalidTaskError } from '../../../src/errors.ts';
import {
  bindArguments,
  optionalSeconds,
  optionalText,
  requiredText,
  taskKwargs,
} from '../../../src/tasks/arguments.ts';

const fit = { task: 'omega_fit', required: ['modelname', 'Xname'], optional: ['Yname'] } as const;

describe('bindArguments', () => {
  it('binds positional and keyword arguments as Python does', () => {
    const { values } = bindArguments(fit, ['m', 'X'], { Yname: 'y' });
    expect(values).toEqual({ modelname: 'm', Xname: 'X', Yname: 'y' });
  });

  it('gives null to optional arguments that were not sent', () => {
    expect(bindArguments(fit, ['m', 'X'], {}).values.Yname).toBeNull();
  });

  it('takes required arguments by keyword', () => {
    const { values } = bindArguments(fit, ['m'], { Xname: null });
    expect(values).toEqual({ modelname: 'm', Xname: null, Yname: null });
  });

  it('reads the bucket and leaves all other system kwargs and pure_python aside', () => {
    const kwargs = { __bucket: 'b', __logging: false, __experiment: 'e', pure_python: '1' };
    expect(bindArguments(fit, ['m', 'X'], kwargs).bucket).toBe('b');
  });

  it('takes a bucket of null as the default one', () => {
    expect(bindArguments(fit, ['m', 'X'], { __bucket: null }).bucket).toBeNull();
  });

  it.each([
    ['is missing the argument', ['m'], {}],
    ['at most 3 positional', ['m', 'X', 'y', 1], {}],
    ["no argument 'epochs'", ['m', 'X'], { epochs: 3 }],
    ["two values for argument 'Xname'", ['m', 'X'], { Xname: 'X' }],
    ["'__bucket' is 1:", ['m', 'X'], { __bucket: 1 }],
  ])('rejects a call that %s', (problem, args, kwargs) => {
    const call = () => bindArguments(fit, args, kwargs);
    expect(call).toThrow(InvalidTaskError);
    expect(call).toThrow(problem);
  });

  it('says how to call the task', () => {
    expect(() => bindArguments(fit, [], {})).toThrow('send (modelname, Xname, Yname=None)');
  });
});

describe('text arguments', () => {
  it.each([[null], [''], [3], [['m']], [{}]])('rejects %j as a name', (value) => {
    expect(() => requiredText('omega_fit', 'modelname', value)).toThrow(InvalidTaskError);
  });

  it('takes null for an optional name', () => {
    expect(optionalText('omega_predict', 'rName', null)).toBeNull();
  });
});

describe('a number of seconds', () => {
  it.each([
    [null, null],
    [0.5, 0.5],
  ])('may be %j', (value, seconds) => {
    expect(optionalSeconds('run', 'timeout', value)).toBe(seconds);
  });

  it.each([[0], [-1], [Number.NaN], ['5']])('may not be %j', (value) => {
    expect(() => optionalSeconds('run', 'timeout', value)).toThrow(InvalidTaskError);
  });
});

it('taskKwargs keeps what the task itself was given', () => {
  expect(taskKwargs({ foo: 'bar', pure_python: false, __bucket: null })).toEqual({ foo: 'bar' });
});
