import { describe, expect, it } from 'vitest';
import { InvalidData, InvalidName } from '../../../src/errors.ts';
import { closeNames } from '../../../src/store/close-names.ts';
import {
  checkName,
  checkNewName,
  fileCollection,
  objectKey,
  parseDatasetName,
  selectColumns,
} from '../../../src/store/names.ts';

const COLUMNS = ['a', 'b', 'c', 'd'];

describe('a name', () => {
  it.each([[''], ['a\0b'], ['$where'], [null], [undefined], [7], [['x']], [{ $gt: '' }]])(
    'is refused when it is %j',
    (name) => {
      expect(() => checkName(name)).toThrow(InvalidName);
    },
  );

  it.each([['sales'], ['folder/sales'], ['.hidden'], ['_temp_1'], ['a.b c']])('may be %s', (name) => {
    expect(() => checkNewName(name)).not.toThrow();
  });

  it('may select columns when data are read, not when they are stored', () => {
    expect(parseDatasetName('sales[x,y]')).toEqual({ name: 'sales', columns: 'x,y' });
    expect(parseDatasetName('sales')).toEqual({ name: 'sales', columns: null });
    expect(() => checkNewName('sales[x]')).toThrow(InvalidName);
  });
});

describe('a selection of columns', () => {
  it.each([
    ['a,c', ['a', 'c']],
    ['c, a', ['c', 'a']],
    ['^b', ['a', 'c', 'd']],
    ['^b,d', ['a', 'c']],
    ['b:c', ['b', 'c']],
    ['c:', ['c', 'd']],
    [':b', ['a', 'b']],
    [':', COLUMNS],
  ])('[%s] is %j', (selection, columns) => {
    expect(selectColumns(selection, COLUMNS)).toEqual(columns);
  });

  it.each([['x'], ['^x'], ['a:x'], ['0:3'], ['d:a'], ['^a,b,c,d'], ['']])(
    '[%s] is refused, with the columns that there are',
    (selection) => {
      expect(() => selectColumns(selection, COLUMNS)).toThrow(InvalidData);
      expect(() => selectColumns(selection, COLUMNS)).toThrow(/a, b, c, d/);
    },
  );

  it.each([['b,b'], ['a,c,a']])('[%s] is refused, for a frame has one column of a name', (selection) => {
    expect(() => selectColumns(selection, COLUMNS)).toThrow(InvalidData);
    expect(() => selectColumns(selection, COLUMNS)).toThrow(/is there twice/);
  });
});

describe("omega|ml's key", () => {
  it.each([
    ['data/', 'dfmixed', '.datastore', 'ee6c18d6b81550a96d8e4ab2ac66fc96a57f4229'],
    ['data/', 'npsmall', 'np', 'c65be20c2e0c9f9c72b393fd7c8c976dc9840ef9'],
    ['data/', 'rawfile.txt', 'file', 'a657833a0fada19b1e332bc88aa8d4e675fb643f'],
    ['models/', 'linreg', 'omm', 'e2a5722b8e838359ef2684724c1b9003bebac704'],
    ['data/', 'dfhdf', '.hdf', 'ce3be709cd7a4f090b64191c62803fd38525915f'],
  ])('of %s%s with the extension %s is %s', (prefix, name, extension, key) => {
    expect(objectKey('omegaml', prefix, name, extension)).toBe(key);
  });

  it('of files depends on the bucket', () => {
    expect([fileCollection('omegaml'), fileCollection('mybucket')]).toEqual(['omegaml', 'omegaml_mybucket']);
  });
});

describe('close names', () => {
  it('are those with a letter changed, missing or added, and those that contain the name', () => {
    expect(closeNames('sales', ['sale', 'seles', 'other', 'sales2024', 'salesx'])).toEqual([
      'sale',
      'seles',
      'sales2024',
    ]);
  });

  it('are none when nothing is close', () => {
    expect(closeNames('sales', ['diamonds', 'penguins'])).toEqual([]);
  });
});
