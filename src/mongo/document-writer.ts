/** Writes BSON documents one after the other, without building objects. */
import { BSON } from 'mongodb';
import { BsonType } from './element.ts';

/** Room for all but strings and objects: the longest value besides them has 12 bytes. */
const VALUE_BYTES = 16;
/** A UTF-16 unit becomes at most 3 bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/** The field's name as it lies in a document, for {@link DocumentWriter}. */
export function encodeKey(name: string): Uint8Array {
  return Buffer.from(`${name}\0`);
}

export class DocumentWriter {
  #bytes: Buffer<ArrayBuffer>;
  #view: DataView;
  #offset = 0;
  #start = 0;

  /** @param capacity in bytes; more are taken when they are needed. */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
    this.#view = viewOf(this.#bytes);
  }

  /** Of all documents so far. */
  get length(): number {
    return this.#offset;
  }

  /** The documents; the writer must not be used any more. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#offset);
  }

  begin(): void {
    this.#reserve(4);
    this.#start = this.#offset;
    this.#offset += 4;
  }

  /** Returns the length of the document. */
  end(): number {
    this.#reserve(1);
    this.#bytes[this.#offset] = 0;
    this.#offset += 1;
    const length = this.#offset - this.#start;
    this.#view.setInt32(this.#start, length, true);
    return length;
  }

  /** @param id 12 bytes. */
  objectId(key: Uint8Array, id: Uint8Array): void {
    this.#element(BsonType.objectId, key);
    this.#bytes.set(id, this.#offset);
    this.#offset += id.length;
  }

  double(key: Uint8Array, value: number): void {
    this.#element(BsonType.double, key);
    this.#view.setFloat64(this.#offset, value, true);
    this.#offset += 8;
  }

  /** @param value an integer of 32 bits. */
  int32(key: Uint8Array, value: number): void {
    this.#element(BsonType.int32, key);
    this.#view.setInt32(this.#offset, value, true);
    this.#offset += 4;
  }

  /** @param value an integer that a double holds exactly, or a bigint of 64 bits. */
  int64(key: Uint8Array, value: number | bigint): void {
    this.#element(BsonType.int64, key);
    this.#wide(value);
  }

  /** @param value milliseconds since 1970-01-01 UTC. */
  date(key: Uint8Array, value: number): void {
    this.#element(BsonType.date, key);
    this.#wide(Math.trunc(value));
  }

  boolean(key: Uint8Array, value: boolean): void {
    this.#element(BsonType.boolean, key);
    this.#bytes[this.#offset] = value ? 1 : 0;
    this.#offset += 1;
  }

  null(key: Uint8Array): void {
    this.#element(BsonType.null, key);
  }

  string(key: Uint8Array, value: string): void {
    this.#element(BsonType.string, key, value.length * MAX_BYTES_PER_UNIT);
    const length = this.#bytes.write(value, this.#offset + 4);
    this.#view.setInt32(this.#offset, length + 1, true);
    this.#bytes[this.#offset + 4 + length] = 0;
    this.#offset += 4 + length + 1;
  }

  /** Anything, as the driver encodes it. @throws what the driver throws for what BSON does not hold. */
  value(name: string, value: unknown): void {
    const document = BSON.serialize({ [name]: value }, { ignoreUndefined: false });
    // Without the length before it and the zero at its end.
    const element = document.subarray(4, -1);
    this.#reserve(element.length);
    this.#bytes.set(element, this.#offset);
    this.#offset += element.length;
  }

  #element(type: number, key: Uint8Array, valueBytes = 0): void {
    this.#reserve(key.length + VALUE_BYTES + valueBytes);
    this.#bytes[this.#offset] = type;
    this.#bytes.set(key, this.#offset + 1);
    this.#offset += 1 + key.length;
  }

  /** 64 bits. */
  #wide(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#view.setBigInt64(this.#offset, value, true);
    } else {
      this.#view.setUint32(this.#offset, value % 0x1_0000_0000, true);
      this.#view.setInt32(this.#offset + 4, Math.floor(value / 0x1_0000_0000), true);
    }
    this.#offset += 8;
  }

  #reserve(bytes: number): void {
    if (this.#offset + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#offset + bytes));
    this.#bytes.copy(larger, 0, 0, this.#offset);
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer<ArrayBuffer>): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
