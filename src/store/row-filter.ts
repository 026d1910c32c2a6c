/** Conditions on columns: which rows a reader wants, and which blocks need not be read for them. */
import { InvalidData } from '../errors.ts';
import type { Column } from '../frame/column.ts';
import { isPlainObject } from '../frame/tabular.ts';

export type FilterValue = number | bigint | string | boolean | Date;

/** All that are given must hold. */
interface Comparison {
  readonly $eq?: FilterValue;
  readonly $in?: readonly FilterValue[];
  readonly $gt?: FilterValue;
  readonly $gte?: FilterValue;
  readonly $lt?: FilterValue;
  readonly $lte?: FilterValue;
}

/**
 * Conditions by column, as MongoDB writes them: a value, or comparisons. All must hold. As in MongoDB a missing value or
 * NaN meets no condition, nor does a value of another type than the one that it is compared with.
 *
 * @example { price: { $gte: 100, $lt: 200 }, city: 'Bern' }
 */
export type Where = Readonly<Record<string, FilterValue | Comparison>>;

/** What is known of the values of a column in a block, missing ones and NaN left out. */
export interface ValueRange {
  readonly min: FilterValue;
  readonly max: FilterValue;
}

/** The conditions on one column. */
export interface ColumnFilter {
  readonly column: string;
  readonly tests: readonly Test[];
}

interface Test {
  readonly operator: Operator;
  /** One, but for `$in`. */
  readonly values: readonly FilterValue[];
}

type Operator = keyof Comparison;
const OPERATORS: ReadonlySet<string> = new Set<Operator>(['$eq', '$in', '$gt', '$gte', '$lt', '$lte']);

/** @throws InvalidData when it is no filter. Conditions may come from others: only what is known passes. */
export function parseWhere(where: unknown): ColumnFilter[] {
  if (!isPlainObject(where)) throw invalid('it is no object of conditions by column');
  return Object.entries(where).map(([column, condition]) => ({
    column,
    tests: parseTests(column, condition),
  }));
}

/** The filter for documents whose fields are columns. */
export function toMongoFilter(filters: readonly ColumnFilter[]): Record<string, unknown> {
  const conditions = filters.map(({ column, tests }) => {
    const comparisons = tests.map(({ operator, values }) => [
      operator,
      operator === '$in' ? values : values[0],
    ]);
    return { [column]: Object.fromEntries(comparisons) };
  });
  return { $and: conditions };
}

/** Whether a value in this range may meet the conditions; there is none where the range is empty. */
export function mayMatch({ tests }: ColumnFilter, { min, max }: Partial<ValueRange>): boolean {
  if (min === undefined || max === undefined) return false;
  const [least, greatest] = [comparable(min), comparable(max)];
  return tests.every(({ operator, values }) =>
    boundsOf(values, typeOf(min)).some((bound) => {
      if (operator === '$lt' || operator === '$lte') return compares(least, operator, bound);
      if (operator === '$gt' || operator === '$gte') return compares(greatest, operator, bound);
      return least <= bound && bound <= greatest;
    }),
  );
}

/** Whether a row of the column meets the conditions. */
export function rowMatcher({ tests }: ColumnFilter, column: Column): (row: number) => boolean {
  if (column.type === 'object') return () => false;
  const matches = valueMatcher(tests, FILTER_TYPES[column.type]);
  const { values, nulls } = column;
  if (column.type === 'string') {
    const matching = column.dictionary.map(matches);
    return (row) => matching[column.values[row] ?? -1] ?? false;
  }
  return (row) => nulls?.[row] !== 1 && matches(values[row] ?? Number.NaN);
}

type FilterType = 'number' | 'string' | 'boolean' | 'date';
/** Values that JavaScript's operators compare: a boolean as 0 or 1, a date as milliseconds. */
type Comparable = number | bigint | string;

const FILTER_TYPES: Readonly<Record<Exclude<Column['type'], 'object'>, FilterType>> = {
  float64: 'number',
  float32: 'number',
  int32: 'number',
  int64: 'number',
  bool: 'boolean',
  datetime: 'date',
  string: 'string',
};

function valueMatcher(tests: readonly Test[], type: FilterType): (value: Comparable) => boolean {
  const matchers = tests.map(({ operator, values }) => {
    const bounds = boundsOf(values, type);
    return (value: Comparable) => bounds.some((bound) => compares(value, operator, bound));
  });
  return (value) => matchers.every((matches) => matches(value));
}

/** Those of this type: no others can be compared with it. */
function boundsOf(values: readonly FilterValue[], type: FilterType): Comparable[] {
  return values.filter((value) => typeOf(value) === type).map(comparable);
}

/** False for NaN. A bigint equals the same number. */
function compares(value: Comparable, operator: Operator, bound: Comparable): boolean {
  if (operator === '$gt') return value > bound;
  if (operator === '$gte') return value >= bound;
  if (operator === '$lt') return value < bound;
  if (operator === '$lte') return value <= bound;
  return value >= bound && value <= bound;
}

function parseTests(column: string, condition: unknown): Test[] {
  if (isFilterValue(condition)) return [{ operator: '$eq', values: [condition] }];
  if (!isPlainObject(condition) || Object.keys(condition).length === 0) {
    throw invalid(`the condition on '${column}' is neither a value nor an object of comparisons`);
  }
  return Object.entries(condition).map(([operator, bound]) => {
    if (!isOperator(operator)) throw invalid(`'${operator}' on '${column}' is no comparison`);
    const values: unknown[] = operator === '$in' && Array.isArray(bound) ? bound : [bound];
    if (values.every(isFilterValue)) return { operator, values };
    throw invalid(`'${column}' is compared by ${operator} with what is no number, text, boolean or date`);
  });
}

function isOperator(name: string): name is Operator {
  return OPERATORS.has(name);
}

function isFilterValue(value: unknown): value is FilterValue {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  if (typeof value === 'number') return !Number.isNaN(value);
  return ['string', 'boolean', 'bigint'].includes(typeof value);
}

function typeOf(value: FilterValue): FilterType {
  if (value instanceof Date) return 'date';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value as 'string' | 'boolean';
  return 'number';
}

function comparable(value: FilterValue): Comparable {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'boolean' ? Number(value) : value;
}

function invalid(reason: string): InvalidData {
  return new InvalidData(
    `the filter is not valid, for ${reason}: write { column: value } or { column: { $gte: 1, $lt: 5 } }, with $eq, $in, $gt, $gte, $lt, $lte`,
  );
}
