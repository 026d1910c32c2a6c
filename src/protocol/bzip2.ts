/** Unpacks bzip2. */
import Bunzip from 'seek-bzip';

/** 16 MiB in the smallest blocks there are, of 100 kB, and some more. Each costs 4 MB while it is read. */
const MOST_BLOCKS = 200;
const FIRST_BYTES = 16 * 1024;

/** @throws Error for bytes that are no bzip2, RangeError for more than `maxBytes`. */
export function inflateBzip2(body: Buffer, maxBytes: number): Buffer {
  const output = new Output(maxBytes);
  Bunzip.decode(new Input(body, output), output, true);
  return output.bytes();
}

/** Collects the bytes, up to a limit. */
class Output {
  readonly #maxBytes: number;
  #buffer = Buffer.alloc(FIRST_BYTES);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  writeByte(byte: number): void {
    if (this.#length === this.#buffer.length) this.#grow();
    this.#buffer[this.#length] = byte;
    this.#length += 1;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(): void {
    if (this.#length >= this.#maxBytes) throw new RangeError('it is too large');
    const grown = Buffer.alloc(Math.min(this.#maxBytes, this.#length * 2));
    this.#buffer.copy(grown);
    this.#buffer = grown;
  }
}

/** Gives out the bytes; the library itself would read zeros past the end, for ever. */
class Input {
  readonly #bytes: Buffer;
  readonly #output: Output;
  #at = 0;
  #blocks = 1;
  #written = 0;

  constructor(bytes: Buffer, output: Output) {
    this.#bytes = bytes;
    this.#output = output;
  }

  readByte(): number {
    if (this.#output.length > this.#written) this.#beginBlock();
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Error('it is cut off');
    this.#at += 1;
    return byte;
  }

  read(buffer: Buffer, offset: number, length: number): number {
    for (let index = 0; index < length; index += 1) buffer[offset + index] = this.readByte();
    return length;
  }

  eof(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** What is read after something was written belongs to the next block. */
  #beginBlock(): void {
    this.#written = this.#output.length;
    this.#blocks += 1;
    if (this.#blocks > MOST_BLOCKS) throw new RangeError('it has too many blocks');
  }
}
