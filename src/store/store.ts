/** A store: the named objects of one bucket under one prefix. */
import type { OmegaError } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import { mapUnavailable } from '../mongo/availability.ts';
import type { Mongo } from '../mongo/client.ts';
import { closeNames } from './close-names.ts';
import { type BlocksOptions, type GetOptions, getBlocks, getObject, sizeOf } from './get.ts';
import { createFileStore, type FileStore } from './gridfs.ts';
import type { Kind } from './kind.ts';
import type { Metadata } from './metadata.ts';
import { createMetadataStore, type ListOptions, type MetadataStore } from './metadata-store.ts';
import { checkBucket, checkName, checkNewName, objectKey, parseDatasetName } from './names.ts';
import { type PutOptions, putObject, removeData, type StoreParts } from './put.ts';

export interface StoreOptions {
  readonly mongo: Mongo;
  readonly bucket: string;
  /** `data/`, `models/` or `jobs/`. */
  readonly prefix: string;
  /** Asked in this order. */
  readonly kinds: readonly Kind[];
  /** The error for a name that is not there. */
  readonly notFound: new (
    message: string,
  ) => OmegaError;
}

interface DropOptions {
  /** It is no error when there is no such object. Default false. */
  readonly force?: boolean;
}

export interface OmegaStore {
  readonly bucket: string;
  readonly prefix: string;
  /** The store's parts, for stores built on top of it. */
  readonly catalog: MetadataStore;
  readonly files: FileStore;
  /** The key under which omega|ml would create the object's collection or file. */
  key(name: string, extension: string): string;

  /** @throws InvalidName, InvalidData, KindNotSupported */
  put(value: unknown, name: string, options?: PutOptions): Promise<Metadata>;
  /**
   * @param name may select columns: `sales[x,y]`.
   * @throws InvalidName, InvalidData, KindNotSupported, CorruptObject, the error for a missing name
   */
  get(name: string, options?: GetOptions): Promise<unknown>;
  /**
   * The rows of a table of any size, frame by frame: a few blocks are in memory at a time. A frame is valid until the next
   * one is asked for, which takes its memory: copy what is to be kept. The type and the dictionary of a column may differ
   * from frame to frame.
   *
   * @param name may select columns, as in `get`.
   * @throws what `get` throws; OperationalError when the table is replaced while it is read.
   * @example
   * for await (const frame of om.datasets.blocks('sales[x,y]', { rows: 10_000 })) model.partialFit(frame);
   */
  blocks(name: string, options?: BlocksOptions): AsyncIterable<DataFrame>;
  /**
   * Bytes that a get would take, about; null where the metadata do not tell.
   *
   * @param name may select columns, as in `get`.
   * @throws what `get` throws
   */
  sizeOf(name: string): Promise<number | null>;
  /** Names, sorted. @param pattern a name in which `*` stands for anything; default all. */
  list(pattern?: string, options?: ListOptions): Promise<string[]>;
  /** Removes the object and its data. @returns false when `force` is set and there was none. */
  drop(name: string, options?: DropOptions): Promise<boolean>;
  /** As {@link drop}. @returns the metadata as they were when they were removed; null where `drop` gives false. */
  remove(name: string, options?: DropOptions): Promise<Metadata | null>;
  /** @throws the error for a missing name */
  metadata(name: string): Promise<Metadata>;
  /** As `metadata`, for what is asked for over and over ({@link MetadataStore.recall}). */
  recall(name: string): Promise<Metadata>;
  exists(name: string): Promise<boolean>;
}

export function createStore({ mongo, bucket, prefix, kinds, notFound }: StoreOptions): OmegaStore {
  checkBucket(bucket);
  const catalog = createMetadataStore(mongo, bucket, prefix);
  const files = createFileStore(mongo.db, bucket);
  const key = (name: string, extension: string): string => objectKey(bucket, prefix, name, extension);
  const parts: StoreParts = { mongo, files, key, kinds, catalog };

  async function find(name: string, look = catalog.find): Promise<Metadata> {
    const metadata = await look(name);
    if (metadata) return metadata;
    const close = closeNames(
      name,
      (await catalog.list()).map((other) => other.name),
    );
    const hint = close.length > 0 ? `did you mean ${close.join(' or ')}?` : 'list() shows what there is';
    throw new notFound(`there is no '${name}' in bucket '${bucket}' under ${prefix}: ${hint}`);
  }

  async function remove(name: string, force: boolean): Promise<Metadata | null> {
    checkName(name);
    const metadata = force ? await catalog.find(name) : await find(name);
    const removed = metadata && (await catalog.remove(metadata.id));
    // Its data may be others than those that were found: somebody may have put it in between.
    if (removed) await removeData(parts, removed);
    return removed;
  }

  async function put(value: unknown, name: string, options: PutOptions): Promise<Metadata> {
    checkNewName(name);
    return putObject(parts, value, name, options);
  }

  return {
    ...{ bucket, prefix, catalog, files, key },
    put: (value, name, options = {}) => mapUnavailable(mongo, () => put(value, name, options)),
    get: (name, options = {}) => mapUnavailable(mongo, () => getObject(parts, name, options, find)),
    blocks: (name, options = {}) => getBlocks(parts, name, options, find),
    sizeOf: (name) => mapUnavailable(mongo, () => sizeOf(parts, name, find)),
    list: (pattern, options) =>
      mapUnavailable(mongo, async () => (await catalog.list(pattern, options)).map(({ name }) => name)),
    drop: (name, { force = false } = {}) =>
      mapUnavailable(mongo, async () => (await remove(name, force)) !== null),
    remove: (name, { force = false } = {}) => mapUnavailable(mongo, () => remove(name, force)),
    metadata: (name) => mapUnavailable(mongo, async () => find(parseDatasetName(name).name)),
    recall: (name) => mapUnavailable(mongo, () => find(name, catalog.recall)),
    exists: (name) =>
      mapUnavailable(mongo, async () => (await catalog.find(parseDatasetName(name).name)) !== null),
  };
}
