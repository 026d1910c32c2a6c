/** The bytes of a pickle, and the literals in them (Lib/pickletools.py describes each). */
import { isUtf8 } from 'node:buffer';
import { ProtocolError } from '../errors.ts';

/** Python reads no longer integer either (`sys.int_info.default_max_str_digits`). */
const MAX_DIGITS = 4300;
const MAX_INTEGER_BYTES = 1785;

export class PickleInput {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @throws ProtocolError when there are fewer bytes. */
  take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new ProtocolError('not a pickle: it is cut off');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  uint(bytes: 1 | 2 | 4 | 8): number {
    const taken = this.take(bytes);
    return bytes === 8 ? Number(taken.readBigUInt64LE()) : taken.readUIntLE(0, bytes);
  }

  int32(): number {
    return this.take(4).readInt32LE();
  }

  float(): number {
    return this.take(8).readDoubleBE();
  }

  /** Bytes after their count. */
  counted(bytes: 1 | 4 | 8): Buffer {
    return this.take(this.uint(bytes));
  }

  text(bytes: 1 | 4 | 8): string {
    const taken = this.counted(bytes);
    if (!isUtf8(taken)) throw new ProtocolError('not a pickle: a text is not UTF-8');
    return taken.toString('utf8');
  }

  /** A whole number in two's complement, after the count of its bytes. */
  integer(bytes: 1 | 4): number | bigint {
    const taken = this.counted(bytes);
    if (taken.length > MAX_INTEGER_BYTES) throw new ProtocolError('not a pickle: an integer is too long');
    if (taken.length === 0) return 0;
    const hex = Buffer.from(taken).reverse().toString('hex');
    return narrow(BigInt.asIntN(taken.length * 8, BigInt(`0x${hex}`)));
  }

  /** What is there up to the end of the line, by bytes. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end === -1) throw new ProtocolError('not a pickle: it is cut off');
    const line = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end + 1;
    return line;
  }

  /** Python's `raw-unicode-escape`. */
  escapedLine(): string {
    return this.line().replace(
      /\\u([0-9a-fA-F]{4})|\\U((?:000[0-9a-fA-F]|0010)[0-9a-fA-F]{4})/g,
      (_, short?: string, long?: string) => String.fromCodePoint(Number.parseInt(short ?? long ?? '', 16)),
    );
  }

  /** A Python 2 `str` literal. One with escapes is refused: nothing writes it that speaks to Celery 5. */
  quotedLine(): string {
    const [, , text] = /^(['"])([^\\]*)\1$/.exec(this.line()) ?? [];
    if (text === undefined) throw new ProtocolError('not a pickle: a string literal cannot be read');
    return text;
  }
}

/** A whole number in decimal digits. @throws ProtocolError */
export function parseInteger(text: string): number | bigint {
  if (text.length <= MAX_DIGITS && /^[+-]?\d+$/.test(text)) return narrow(BigInt(text.replace(/^\+/, '')));
  throw new ProtocolError(`not a pickle: '${text.slice(0, 20)}' is no integer`);
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
