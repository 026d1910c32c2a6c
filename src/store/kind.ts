/** The interface behind which every kind of stored data lives. */
import { CorruptObject } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { Mongo } from '../mongo/client.ts';
import type { FileStore } from './gridfs.ts';
import type { Metadata } from './metadata.ts';
import type { StoredData } from './metadata-store.ts';
import type { ColumnFilter } from './row-filter.ts';

/** What a kind is given to read and write with. */
export interface KindContext {
  readonly mongo: Mongo;
  readonly files: FileStore;
  /** The key under which omega|ml would create the object's collection or file. */
  key(name: string, extension: string): string;
}

/** One put. */
export interface Write {
  readonly name: string;
  /**
   * The object of the same kind to which the value is appended; null to write the value apart from
   * everything that is there.
   */
  readonly target: Metadata | null;
  /**
   * The same for every attempt at this put. What is appended under it a second time must change nothing.
   */
  readonly writeId: string;
}

/** One get. */
export interface Read {
  /** A selection of columns, null for all; see `selectColumns`. */
  readonly columns: string | null;
  /** What the rows must meet; none but for kinds that are read in blocks. */
  readonly filters: readonly ColumnFilter[];
  /** Ends a long read. */
  readonly signal?: AbortSignal;
}

/** A get in blocks. */
export interface BlocksRead extends Read {
  /** Most rows of a frame. */
  readonly rows: number;
}

/**
 * Stores and reads one kind of data. Register kinds of your own with `createStore({ kinds })`.
 *
 * @typeParam Value what `get` returns.
 */
export interface Kind<Value = unknown> {
  /** What the metadata's `kind` says. */
  readonly name: string;
  /** Whether a put to an existing object appends to it; otherwise it replaces it. */
  readonly appends: boolean;
  supports(value: unknown): boolean;
  /**
   * Writes the data. The store then points the metadata to them in one step, and removes what they
   * replace.
   */
  put(value: unknown, write: Write, context: KindContext): Promise<StoredData>;
  /** @throws CorruptObject when the data are not what the metadata say. */
  get(metadata: Metadata, read: Read, context: KindContext): Promise<Value>;
  /** Bytes that the wanted columns take in memory, about; for kinds whose metadata tell. */
  sizeOf?(metadata: Metadata, read: Read): number;
  /**
   * The rows in frames of at most `rows` rows, for kinds of tables. The memory of a frame may be used again for the next
   * one.
   *
   * @throws CorruptObject
   */
  blocks?(metadata: Metadata, read: BlocksRead, context: KindContext): AsyncIterable<DataFrame>;
}

/** The collection that holds an object's documents. */
export function collectionToRead({ name, collection }: Metadata, { key }: KindContext): string {
  return collection ?? key(name, '.datastore');
}

/** The bytes of an object's GridFS file. @throws CorruptObject when it has none. */
export async function readFile({ name, gridfile }: Metadata, { files }: KindContext): Promise<Buffer> {
  if (gridfile) return files.read(gridfile);
  throw new CorruptObject(`the metadata of '${name}' name no file: put the object again`);
}
