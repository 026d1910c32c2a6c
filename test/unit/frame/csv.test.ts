import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import { DataFrame } from '../../../src/frame/data-frame.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csv-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function readText(text: string | Buffer, name = 'data.csv'): Promise<DataFrame> {
  const path = join(folder, name);
  await writeFile(path, text);
  return DataFrame.fromCsv(path);
}

describe('a CSV file', () => {
  it('gets a type for each column, and missing values for empty cells and NA', async () => {
    const frame = await readText('i,f,b,s,n\n1,1.5,true,a,\n-2,NA,False,"x, ""y""",NA\n,1e3,,ü,\n');
    expect(frame.toRows()).toEqual([
      { i: 1, f: 1.5, b: true, s: 'a', n: null },
      { i: -2, f: null, b: false, s: 'x, "y"', n: null },
      { i: null, f: 1000, b: null, s: 'ü', n: null },
    ]);
    expect(frame.column('i').type).toBe('int32');
  });

  it('may be compressed, have a byte order mark and Windows line ends', async () => {
    const frame = await readText(gzipSync('\uFEFFa,b\r\n1,2\r\n'), 'data.csv.gz');
    expect(frame.toRows()).toEqual([{ a: 1, b: 2 }]);
  });

  it('keeps integers of 64 bits exact', async () => {
    expect((await readText('id\n9007199254740993\n1\n')).toRows()).toEqual([
      { id: 9007199254740993n },
      { id: 1n },
    ]);
  });

  it('has missing values where pandas finds them, so that numbers stay numbers', async () => {
    const spellings = ['NaN', 'nan', 'null', 'NULL', 'None', 'N/A', 'n/a', '<NA>', '#N/A', '-nan'];
    const frame = await readText(`x\n1.5\n${spellings.join('\n')}\n3\n`);
    expect(frame.column('x').type).toBe('float64');
    expect(frame.toRows().map(({ x }) => x)).toEqual([1.5, ...spellings.map(() => null), 3]);
  });

  it('keeps integers beyond 64 bits as text', async () => {
    const rows = [{ id: '18446744073709551621' }, { id: '1' }];
    expect((await readText('id\n18446744073709551621\n1\n')).toRows()).toEqual(rows);
    expect((await readText('id\n9223372036854775808\n')).column('id').type).toBe('string');
    expect((await readText('id\n-9223372036854775808\n')).column('id').type).toBe('int64');
  });

  it.each([
    ['without a line', ''],
    ['with a column twice', 'a,a\n1,2\n'],
    ['with a line too short', 'a,b\n1\n'],
    ['with an open quote', 'a\n"x\n'],
  ])('is refused %s', async (_, text) => {
    await expect(readText(text)).rejects.toThrow(InvalidData);
  });

  it('is refused when it is not there, or is not compressed as its name says', async () => {
    await expect(DataFrame.fromCsv(join(folder, 'none.csv'))).rejects.toThrow(/none\.csv/);
    await expect(readText('a\n1\n', 'plain.csv.gz')).rejects.toThrow(InvalidData);
  });
});
