import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InvalidName, ModelNotFound } from '../../../src/errors.ts';
import { parseVersionName, selectCommit, versionsOf } from '../../../src/models/version-name.ts';

const versions = {
  tags: { latest: 'c3', v1: 'c1' },
  commits: ['c1', 'c2', 'c3'].map((ref) => ({ name: `_versions/m/${ref}`, ref })),
  tree: { c1: null, c2: 'c1', c3: 'c2' },
};

function select(name: string): string {
  return selectCommit(versions, parseVersionName(name)).ref;
}

describe('names of model versions', () => {
  it.each([
    ['m', 'c3'],
    ['m@latest', 'c3'],
    ['m@v1', 'c1'],
    ['m@c2', 'c2'],
    ['m^', 'c2'],
    ['m^^', 'c1'],
    ['m@c2^', 'c1'],
  ])('%s selects commit %s', (name, ref) => {
    expect(select(name)).toBe(ref);
  });

  it.each(['', '@v1', '^', 'm@', 'm^@v1'])('%j is no name', (name) => {
    expect(() => parseVersionName(name)).toThrow(InvalidName);
  });

  it('keeps folders in the name', () => {
    expect(parseVersionName('group/m@v1').base).toBe('group/m');
  });

  it('names the tags when a tag is not there', () => {
    expect(() => select('m@v9')).toThrow(ModelNotFound);
    expect(() => select('m@v9')).toThrow('its tags are latest, v1');
  });

  it('says so when there is no version that far back', () => {
    expect(() => select('m^^^')).toThrow("only 2 versions before 'c3'");
  });
});

describe('versions that omega|ml has recorded', () => {
  const path = new URL('../../fixtures/omegaml/mongo-omegaml-models-linreg.json', import.meta.url);
  const { metadata } = JSON.parse(readFileSync(path, 'utf8'));
  const recorded = versionsOf(metadata.attributes);

  it('are read: the last commit is the latest version', () => {
    if (!recorded) throw new Error('no versions');
    expect(selectCommit(recorded, parseVersionName('linreg')).ref).toBe(recorded.tags.latest);
    expect(selectCommit(recorded, parseVersionName('linreg^'))).toEqual(recorded.commits.at(-2));
  });
});

it.each([[{}], [{ versions: null }], [{ versions: { tags: {}, commits: [], tree: {} } }]])(
  'the attributes %j have no versions',
  (attributes) => {
    expect(versionsOf(attributes)).toBeNull();
  },
);
