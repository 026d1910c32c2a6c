/** Walks through raw BSON documents and hands each field's value on, without building objects. */
import { BsonType, decodeValue, readInt64, valueEnd } from './element.ts';

/** Takes the values of one field. Rows come in ascending order; a document without the field calls nothing. */
export interface FieldHandler {
  double(row: number, value: number): void;
  /** @param value an integer that a double holds exactly. */
  integer(row: number, value: number): void;
  bigint(row: number, value: bigint): void;
  boolean(row: number, value: boolean): void;
  /** @param value milliseconds since 1970-01-01 UTC. */
  datetime(row: number, value: number): void;
  /** A string in UTF-8 at `start` to `end` (exclusive); the bytes are valid during the call only. */
  utf8(row: number, bytes: Buffer, start: number, end: number): void;
  null(row: number): void;
  /** Everything else, as the driver gives it. */
  object(row: number, value: unknown): void;
}

interface Field {
  readonly key: Uint8Array;
  /** From the element's type byte to its value. */
  readonly valueOffset: number;
  /** Null for a field to be skipped. */
  readonly handler: FieldHandler | null;
}

export class BsonWalker {
  readonly #handlerOf: (name: string) => FieldHandler | null;
  /** In the order of the first document: nearly always also the order of every other one. */
  readonly #fields: Field[] = [];
  readonly #positions = new Map<string, number>();
  #rows = 0;

  /** @param handlerOf asked once for each field name, when it is first met; null skips the field. */
  constructor(handlerOf: (name: string) => FieldHandler | null) {
    this.#handlerOf = handlerOf;
  }

  /** Number of documents walked so far. */
  get rows(): number {
    return this.#rows;
  }

  /** @param batch a BSON array of documents. */
  walk(batch: Buffer): void {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    const end = view.getInt32(0, true) - 1;
    let offset = 4;
    while (offset < end) {
      const start = batch.indexOf(0, offset + 1) + 1;
      offset = start + view.getInt32(start, true);
      this.#walkDocument(batch, view, start + 4, offset - 1);
      this.#rows += 1;
    }
  }

  #walkDocument(batch: Buffer, view: DataView, start: number, end: number): void {
    const row = this.#rows;
    let offset = start;
    let position = 0;
    while (offset < end) {
      const type = batch[offset] ?? 0;
      position = this.#positionOf(batch, offset + 1, position);
      const field = this.#fields[position];
      if (!field) break;
      const value = offset + field.valueOffset;
      if (!field.handler) {
        offset = valueEnd(batch, type, value);
      } else if (type === BsonType.double) {
        field.handler.double(row, view.getFloat64(value, true));
        offset = value + 8;
      } else {
        offset = handleValue(field.handler, row, batch, view, type, value);
      }
      position += 1;
    }
  }

  /** Position of the field whose key starts at `start`; `expected` is tried first. */
  #positionOf(batch: Buffer, start: number, expected: number): number {
    const likely = this.#fields[expected];
    if (likely && isKey(likely.key, batch, start)) return expected;
    const end = batch.indexOf(0, start);
    const name = batch.toString('utf8', start, end);
    const known = this.#positions.get(name);
    if (known !== undefined) return known;
    const key = Uint8Array.prototype.slice.call(batch, start, end);
    const added = { key, valueOffset: key.length + 2, handler: this.#handlerOf(name) };
    const position = this.#fields.push(added) - 1;
    this.#positions.set(name, position);
    return position;
  }
}

function isKey(key: Uint8Array, batch: Buffer, start: number): boolean {
  const { length } = key;
  for (let i = 0; i < length; i += 1) {
    if (batch[start + i] !== key[i]) return false;
  }
  return batch[start + length] === 0;
}

/** Any but a double. Returns the offset after the value. */
function handleValue(
  handler: FieldHandler,
  row: number,
  batch: Buffer,
  view: DataView,
  type: number,
  start: number,
): number {
  switch (type) {
    case BsonType.int32:
      handler.integer(row, view.getInt32(start, true));
      return start + 4;
    case BsonType.int64:
      handleInt64(handler, row, readInt64(view, start));
      return start + 8;
    case BsonType.string: {
      const end = start + 4 + view.getInt32(start, true);
      handler.utf8(row, batch, start + 4, end - 1);
      return end;
    }
    case BsonType.boolean:
      handler.boolean(row, batch[start] === 1);
      return start + 1;
    case BsonType.date:
      handler.datetime(row, Number(view.getBigInt64(start, true)));
      return start + 8;
    case BsonType.null:
    case BsonType.undefined:
      handler.null(row);
      return start;
    default: {
      const end = valueEnd(batch, type, start);
      handler.object(row, decodeValue(batch, type, start, end));
      return end;
    }
  }
}

function handleInt64(handler: FieldHandler, row: number, value: number | bigint): void {
  if (typeof value === 'number') handler.integer(row, value);
  else handler.bigint(row, value);
}
