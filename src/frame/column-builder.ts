/** Builds a typed column from values that come one by one, and finds its type on the way. */
import { allocateBigInt64, allocateFloat64, allocateInt32, allocateUint8 } from './allocation.ts';
import type { Column, NullMask } from './column.ts';
import { StringDictionary } from './string-dictionary.ts';

/** What the values so far have in common; `empty` while all of them are missing. */
type Kind = 'empty' | 'number' | 'bool' | 'datetime' | 'string' | 'int64' | 'object';

/**
 * Rows are set in ascending order; rows left out are missing values, and of two values for one row the
 * first counts. Integers that fit become int32, other numbers float64; as soon as an integer does not fit
 * a double exactly, a column of integers becomes int64. Values of different types make an object column. NaN
 * among values that are no numbers is a missing value, as pandas writes one.
 */
export class ColumnBuilder {
  #kind: Kind = 'empty';
  #length = 0;
  #capacity: number;
  /** Values of all kinds but int64 and object; of a string its code. NaN where missing. */
  #numbers: Float64Array<SharedArrayBuffer>;
  #bigints: BigInt64Array<SharedArrayBuffer> | null = null;
  #objects: unknown[] | null = null;
  #nulls: Uint8Array<SharedArrayBuffer> | null = null;
  /** Whether a double was among the numbers: then they are no integers, whatever their values. */
  #hasDouble = false;
  /** Whether an integer was beyond 32 bits. */
  #hasWide = false;
  #dictionary: StringDictionary | null = null;
  /** Whether all values so far are the numbers of their rows, as row ids are: they are written down when another comes. */
  #isCounting = true;

  /** @param capacity the expected number of rows; more rows cost copying. */
  constructor(capacity = 16) {
    this.#capacity = Math.max(1, capacity);
    this.#numbers = allocateFloat64(this.#capacity);
  }

  double(row: number, value: number): void {
    if (this.#hasDouble && this.#kind === 'number' && row === this.#length && row < this.#capacity) {
      this.#numbers[row] = value;
      this.#length = row + 1;
      return;
    }
    this.#anyDouble(row, value);
  }

  #anyDouble(row: number, value: number): void {
    if (!this.#open(row)) return;
    this.#hasDouble = true;
    if (this.#kind === 'number') this.#pushNumber(value);
    else if (this.#kind === 'int64') this.#bigintsToDoubles(value);
    else if (!Number.isNaN(value)) this.#pushAs('number', value, value);
    else if (this.#kind === 'empty') this.#pushNumber(value);
    else this.#pushNull();
  }

  /** @param value an integer that a double holds exactly. */
  integer(row: number, value: number): void {
    if (this.#isCounting && value === row && row === this.#length) {
      this.#length += 1;
      return;
    }
    if (!this.#open(row)) return;
    if (value !== (value | 0)) this.#hasWide = true;
    if (this.#kind === 'number') this.#pushNumber(value);
    else if (this.#kind === 'int64') this.#pushBigint(BigInt(value));
    else this.#pushAs('number', value, value);
  }

  /** @param value an integer of up to 64 bits, signed. */
  bigint(row: number, value: bigint): void {
    if (!this.#open(row)) return;
    if (this.#hasDouble && this.#becomes('number')) this.#pushNumber(Number(value));
    else if (this.#kind === 'number' || this.#kind === 'empty') this.#integersToBigints(value);
    else if (this.#kind === 'int64') this.#pushBigint(value);
    else this.#pushObject(value);
  }

  boolean(row: number, value: boolean): void {
    if (this.#open(row)) this.#pushAs('bool', value ? 1 : 0, value);
  }

  /** @param value milliseconds since 1970-01-01 UTC; NaN is a missing value. */
  datetime(row: number, value: number): void {
    if (Number.isNaN(value)) this.null(row);
    else if (this.#open(row)) this.#pushAs('datetime', value, new Date(value));
  }

  string(row: number, value: string): void {
    if (!this.#open(row)) return;
    if (this.#becomes('string')) this.#pushNumber(this.#strings().codeOf(value));
    else this.#pushObject(value);
  }

  /** A string in UTF-8 at `start` to `end` (exclusive). */
  utf8(row: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#open(row)) return;
    if (this.#becomes('string')) this.#pushNumber(this.#strings().codeOfUtf8(bytes, start, end));
    else this.#pushObject(bytes.toString('utf8', start, end));
  }

  object(row: number, value: unknown): void {
    if (this.#open(row)) this.#pushObject(value);
  }

  null(row: number): void {
    if (this.#open(row)) this.#pushNull();
  }

  /** Any JavaScript value; undefined is a missing value. */
  value(row: number, value: unknown): void {
    if (value === null || value === undefined) this.null(row);
    else if (typeof value === 'string') this.string(row, value);
    else if (typeof value === 'boolean') this.boolean(row, value);
    else if (typeof value === 'number') this.#anyNumber(row, value);
    else if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) this.#anyBigint(row, value);
    else if (value instanceof Date) this.datetime(row, value.getTime());
    else this.object(row, value);
  }

  /** The column; the builder must not be used any more. */
  build(rowCount: number): Column {
    if (this.#isCounting && this.#length === rowCount && rowCount > 0) return countedColumn(rowCount);
    while (this.#length < rowCount) this.null(this.#length);
    if (this.#objects) return { type: 'object', values: this.#objects };
    const nulls = this.#nulls ? { nulls: this.#nulls.subarray(0, rowCount) } : {};
    if (this.#bigints) return { type: 'int64', values: this.#bigints.subarray(0, rowCount), ...nulls };
    return this.#buildFromNumbers(this.#numbers.subarray(0, rowCount), nulls);
  }

  #buildFromNumbers(numbers: Float64Array, nulls: { nulls?: NullMask }): Column {
    if (this.#kind === 'datetime') return { type: 'datetime', values: numbers, ...nulls };
    if (this.#kind === 'bool') {
      return { type: 'bool', values: copyInto(allocateUint8(numbers.length), numbers), ...nulls };
    }
    if (this.#kind === 'string') {
      const values = copyInto(allocateInt32(numbers.length), numbers);
      this.#nulls?.subarray(0, values.length).forEach((isNull, row) => {
        if (isNull) values[row] = -1;
      });
      return { type: 'string', values, dictionary: this.#strings().texts, ...nulls };
    }
    if (this.#kind === 'empty' || this.#hasDouble) return { type: 'float64', values: numbers, ...nulls };
    if (this.#hasWide) return { type: 'float64', values: numbers, ...nulls, integral: true };
    return { type: 'int32', values: copyInto(allocateInt32(numbers.length), numbers), ...nulls };
  }

  #anyNumber(row: number, value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.integer(row, value);
    else this.double(row, value);
  }

  #anyBigint(row: number, value: bigint): void {
    const number = Number(value);
    if (Number.isSafeInteger(number)) this.integer(row, number);
    else this.bigint(row, value);
  }

  /** Makes room for this row, and fills the rows left out; false when the row has a value already. */
  #open(row: number): boolean {
    if (row < this.#length) return false;
    if (this.#isCounting) this.#stopCounting();
    if (row >= this.#capacity) this.#grow(row + 1);
    while (this.#length < row) this.#pushNull();
    return true;
  }

  #stopCounting(): void {
    this.#isCounting = false;
    if (this.#length === 0) return;
    this.#kind = 'number';
    if (this.#length > this.#capacity) this.#grow(this.#length);
    for (let row = 0; row < this.#length; row += 1) this.#numbers[row] = row;
  }

  /** Whether the column can take a value of this kind as it is. */
  #becomes(kind: Kind): boolean {
    if (this.#kind === 'empty') this.#begin(kind);
    return this.#kind === kind;
  }

  /** The rows so far are missing values; those given as NaN remain doubles only in a column of numbers. */
  #begin(kind: Kind): void {
    this.#kind = kind;
    if (kind === 'number' || this.#length === 0) return;
    this.#nulls ??= allocateUint8(this.#capacity);
    this.#nulls.fill(1, 0, this.#length);
  }

  #pushAs(kind: Kind, number: number, object: unknown): void {
    if (this.#becomes(kind)) this.#pushNumber(number);
    else this.#pushObject(object);
  }

  #pushNumber(value: number): void {
    this.#numbers[this.#length] = value;
    this.#length += 1;
  }

  #pushBigint(value: bigint): void {
    if (this.#bigints) this.#bigints[this.#length] = value;
    this.#length += 1;
  }

  #pushObject(value: unknown): void {
    this.#objects ??= this.#toObjects();
    this.#kind = 'object';
    this.#objects.push(value);
    this.#length += 1;
  }

  #pushNull(): void {
    if (this.#objects) {
      this.#objects.push(null);
    } else {
      this.#nulls ??= allocateUint8(this.#capacity);
      this.#nulls[this.#length] = 1;
      this.#numbers[this.#length] = Number.NaN;
    }
    this.#length += 1;
  }

  #strings(): StringDictionary {
    this.#dictionary ??= new StringDictionary();
    return this.#dictionary;
  }

  #integersToBigints(next: bigint): void {
    const bigints = allocateBigInt64(this.#capacity);
    for (let row = 0; row < this.#length; row += 1) {
      if (this.#nulls?.[row] !== 1) bigints[row] = BigInt(this.#numbers[row] ?? 0);
    }
    this.#bigints = bigints;
    this.#kind = 'int64';
    this.#pushBigint(next);
  }

  /** As pandas does when a double comes among large integers: their last digits are lost. */
  #bigintsToDoubles(next: number): void {
    const bigints = this.#bigints;
    for (let row = 0; row < this.#length; row += 1) {
      this.#numbers[row] = this.#nulls?.[row] === 1 ? Number.NaN : Number(bigints?.[row]);
    }
    this.#bigints = null;
    this.#kind = 'number';
    this.#pushNumber(next);
  }

  #toObjects(): unknown[] {
    return Array.from({ length: this.#length }, (_, row) => {
      const number = this.#numbers[row] ?? 0;
      if (Number.isNaN(number)) return null;
      if (this.#bigints) return this.#bigints[row];
      if (this.#kind === 'bool') return number === 1;
      if (this.#kind === 'datetime') return new Date(number);
      return this.#kind === 'string' ? this.#strings().texts[number] : number;
    });
  }

  #grow(needed: number): void {
    this.#capacity = Math.max(needed, this.#capacity * 2);
    this.#numbers = copyInto(allocateFloat64(this.#capacity), this.#numbers);
    if (this.#nulls) this.#nulls = copyInto(allocateUint8(this.#capacity), this.#nulls);
    if (this.#bigints) this.#bigints = copyInto(allocateBigInt64(this.#capacity), this.#bigints);
  }
}

/** 0, 1, 2, … */
function countedColumn(rowCount: number): Column {
  const values = allocateInt32(rowCount);
  for (let row = 0; row < rowCount; row += 1) values[row] = row;
  return { type: 'int32', values };
}

function copyInto<Target extends { set(source: Source): void }, Source>(
  target: Target,
  source: Source,
): Target {
  target.set(source);
  return target;
}
