import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as errors from '../../src/errors.ts';

const docs = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const documented = [...docs.matchAll(/^\| `(\w+)` *\| `(\w+)` *\| `([\w.]+)`/gm)].map(
  ([, ...cells]) => cells,
);

const classes = Object.values(errors).filter(
  (value): value is typeof errors.InvalidData =>
    typeof value === 'function' &&
    value.prototype instanceof errors.OmegaError &&
    // Abstract: a base of others.
    value !== errors.TaskPredicate,
);

function describeClass(ErrorClass: typeof errors.InvalidData): string[] {
  const { code, python } = new ErrorClass('message');
  return [code, ErrorClass.name, `${python.excModule}.${python.excType}`];
}

describe('the error catalogue', () => {
  it('is documented as it is', () => {
    expect(documented.sort()).toEqual(classes.map(describeClass).sort());
  });

  it('gives every class a code of its own', () => {
    const codes = classes.map((ErrorClass) => new ErrorClass('message').code as string);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('names an error by its class and keeps its cause', () => {
    const cause = new Error('below');
    const error = new errors.InvalidData('above', { cause });
    expect(error).toMatchObject({ name: 'InvalidData', message: 'above', cause });
  });
});
