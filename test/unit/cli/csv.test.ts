import { expect, it } from 'vitest';
import { formatCsv } from '../../../src/cli/csv.ts';
import { columnFromValues } from '../../../src/frame/column-rows.ts';
import { DataFrame } from '../../../src/frame/data-frame.ts';

function frame(columns: Record<string, unknown[]>): DataFrame {
  return new DataFrame(
    new Map(Object.entries(columns).map(([name, values]) => [name, columnFromValues(values)])),
  );
}

it('a table is written with a header and a line per row', () => {
  expect(formatCsv(frame({ x: [1, 2.5], s: ['a', 'b'] }))).toBe('x,s\n1,a\n2.5,b\n');
});

it('cells with commas, quotes and line ends are quoted', () => {
  expect(formatCsv(frame({ s: ['a,b', 'say "x"', 'two\nlines'] }))).toBe(
    's\n"a,b"\n"say ""x"""\n"two\nlines"\n',
  );
});

it('missing values are empty cells', () => {
  expect(formatCsv(frame({ x: [1, null], y: [2, 3] }))).toBe('x,y\n1,2\n,3\n');
});

it('a missing value of a single column is no blank line, which readers skip', () => {
  expect(formatCsv(frame({ x: [1, null, 3] }))).toBe('x\n1\n""\n3\n');
});

it('dates are written in ISO 8601', () => {
  expect(formatCsv(frame({ t: [new Date(0)] }))).toBe('t\n1970-01-01T00:00:00.000Z\n');
});

it('named levels of the index come first, others are left out', () => {
  const index = [
    { name: 'id', column: columnFromValues([7]) },
    { name: null, column: columnFromValues([0]) },
  ];
  expect(formatCsv(new DataFrame(frame({ x: [1] }).columns, index))).toBe('id,x\n7,1\n');
});
