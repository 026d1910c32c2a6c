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

/** A field, and how its elements begin: with the byte of a type, its name, and a zero. */
interface Field {
  readonly position: number;
  /** Null for a field to be skipped. */
  readonly handler: FieldHandler | null;
  /** From the element's type byte to its value. */
  readonly valueOffset: number;
  /** The first bytes of the name and its zero, at most three: they make a word of 32 bits with the type before them. */
  readonly head: number;
  readonly headMask: number;
  /** Where the other words are in an element, the last one at the name's end: over the one before, if need be. */
  readonly wordOffsets: Int32Array;
  readonly words: Int32Array;
}

/** A few milliseconds of work. */
const PART_BYTES = 2 ** 19;

export class BsonWalker {
  readonly #handlerOf: (name: string) => FieldHandler | null;
  /** In the order of the first document: nearly always also the order of every other one. */
  readonly #fields: Field[] = [];
  readonly #fieldsByName = new Map<string, Field>();
  #rows = 0;

  /** @param handlerOf asked once for each field name, when it is first met; null skips the field. */
  constructor(handlerOf: (name: string) => FieldHandler | null) {
    this.#handlerOf = handlerOf;
  }

  /** Number of documents walked so far. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Walks the documents of a batch, and yields now and then: a caller that waits for the next turn of the event loop receives
   * what has come meanwhile.
   *
   * @param batch a BSON array of documents.
   */
  *walk(batch: Buffer): Generator<void> {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    const end = view.getInt32(0, true) - 1;
    let offset = 4;
    while (offset < end) {
      offset = this.#walkSome(batch, view, offset, Math.min(end, offset + PART_BYTES));
      yield;
    }
  }

  /** Walks whole documents until `end` is reached or passed. Returns the offset after the last. */
  #walkSome(batch: Buffer, view: DataView, first: number, end: number): number {
    let offset = first;
    while (offset < end) {
      const start = afterKey(batch, offset);
      offset = start + view.getInt32(start, true);
      this.#walkDocument(batch, view, start + 4, offset - 1);
      this.#rows += 1;
    }
    return offset;
  }

  #walkDocument(batch: Buffer, view: DataView, start: number, end: number): void {
    const row = this.#rows;
    const fields = this.#fields;
    let offset = start;
    let position = 0;
    while (offset < end) {
      const expected = fields[position];
      const isExpected = expected !== undefined && beginsAs(expected, view, offset);
      const field = isExpected ? expected : this.#fieldAt(batch, view, offset);
      const type = batch[offset] as number;
      const value = offset + field.valueOffset;
      const { handler } = field;
      if (type === BsonType.double && handler) {
        handler.double(row, view.getFloat64(value, true));
        offset = value + 8;
      } else {
        offset = handler ? handleValue(handler, row, batch, view, type, value) : valueEnd(batch, type, value);
      }
      position = field.position + 1;
    }
  }

  /** The field of the element at `start`, by its name. */
  #fieldAt(batch: Buffer, view: DataView, start: number): Field {
    const value = afterKey(batch, start);
    const name = batch.toString('utf8', start + 1, value - 1);
    const known = this.#fieldsByName.get(name);
    if (known) return known;
    const field = newField(this.#fields.length, this.#handlerOf(name), view, start, value);
    this.#fields.push(field);
    this.#fieldsByName.set(name, field);
    return field;
  }
}

/** Where the value of the element at `start` begins. Keys are short: a call of `indexOf` takes longer. */
function afterKey(batch: Buffer, start: number): number {
  let end = start + 1;
  while (batch[end] !== 0) end += 1;
  return end + 1;
}

function newField(
  position: number,
  handler: FieldHandler | null,
  view: DataView,
  start: number,
  value: number,
): Field {
  const valueOffset = value - start;
  const headMask = 2 ** (8 * Math.min(3, valueOffset - 1)) - 1;
  const offsets = [];
  for (let offset = 4; offset < valueOffset; offset += 4) offsets.push(Math.min(offset, valueOffset - 4));
  return {
    position,
    handler,
    valueOffset,
    head: headOf(view, start, headMask),
    headMask,
    wordOffsets: Int32Array.from(offsets),
    words: Int32Array.from(offsets, (offset) => view.getInt32(start + offset, true)),
  };
}

function beginsAs(
  { head, headMask, valueOffset, wordOffsets, words }: Field,
  view: DataView,
  start: number,
): boolean {
  if (headOf(view, start, headMask) !== head) return false;
  // The last element of a batch may have a shorter name than the field, and end where the batch does.
  if (start + valueOffset > view.byteLength) return false;
  for (let i = 0; i < words.length; i += 1) {
    if (view.getInt32(start + (wordOffsets[i] as number), true) !== words[i]) return false;
  }
  return true;
}

/** An element takes at least two bytes, and two zeros end its document and the batch: there are four to be read. */
function headOf(view: DataView, start: number, mask: number): number {
  return (view.getInt32(start, true) >>> 8) & mask;
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
