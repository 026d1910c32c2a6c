import { expect, it } from 'vitest';
import { PythonValue } from '../../../src/protocol/python-value.ts';
import { argsRepr, pythonRepr } from '../../../src/protocol/repr.ts';
import { readFixture } from '../../support/celery-fixtures.ts';

interface Recorded {
  readonly values: readonly { value: unknown; repr: string }[];
  readonly args: readonly { value: readonly unknown[]; repr: string }[];
}

const recorded = readFixture<Recorded>('saferepr.json');

it.each(recorded.values)('shows and shortens a value as Celery does: $value', ({ value, repr }) => {
  expect(pythonRepr(value)).toBe(repr);
});

it.each(recorded.args)('shows positional arguments as a tuple: $value', ({ value, repr }) => {
  expect(argsRepr(value)).toBe(repr);
});

it('shows the values of Python types as Python writes them', () => {
  const value = [
    new Date('2026-01-02T03:04:05.006Z'),
    new PythonValue('date', '2026-01-02'),
    new PythonValue('decimal', '1.50'),
    new PythonValue('uuid', '00000000-0000-0000-0000-000000000005'),
    Buffer.from('abc'),
    Buffer.from([0, 255]),
    Number.NaN,
  ];
  expect(pythonRepr(value)).toBe(
    "[datetime.datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=datetime.timezone.utc), datetime.date(2026, 1, 2), Decimal('1.50'), " +
      "UUID('00000000-0000-0000-0000-000000000005'), b'abc', b'00ff', nan]",
  );
});

it('ends on a value that holds itself', () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  expect(pythonRepr(cycle)).toBe('[[[[...]]]]');
});
