/** Stores values so that readers see the old data or the new, never a part. */
import { randomUUID } from 'node:crypto';
import { InvalidData, OperationalError } from '../errors.ts';
import type { Document, Filter } from '../mongo/bson.ts';
import { appendTarget, kindToWrite } from './choose-kind.ts';
import { collectionToRead, type Kind, type KindContext } from './kind.ts';
import type { Metadata, MetadataDocument } from './metadata.ts';
import { type MetadataChange, type MetadataStore, type StoredData, toFields } from './metadata-store.ts';
import { attemptNames, idsOf } from './write-ids.ts';

export interface PutOptions {
  /** False replaces what is there; readers see the old data or the new, never a part. Default true. */
  readonly append?: boolean;
  /** The kind to store the value as; default the first that supports it. */
  readonly kind?: string;
  /**
   * How a new DataFrame is laid out in MongoDB: `rows`, a document for each, as omega|ml does and Python reads; or
   * `columns`, blocks of columns, which are written and read many times faster and by omegaml-node only. What is appended
   * takes the layout that is there. Default `rows`.
   */
  readonly layout?: Layout;
  /** Added to the object's attributes. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** A second put under the same task id changes nothing. */
  readonly taskId?: string;
}

export type Layout = 'rows' | 'columns';

const KIND_OF_LAYOUT: Readonly<Record<Layout, string>> = {
  rows: 'pandas.dfrows',
  columns: 'omega.columns',
};

/** What a put and a drop work with. */
export interface StoreParts extends KindContext {
  readonly kinds: readonly Kind[];
  readonly catalog: MetadataStore;
}

/** How often a put is tried while others replace the same object, or add columns to it. */
const ATTEMPTS = 20;
/** How many task ids an object remembers. */
const REMEMBERED_TASKS = 100;

/**
 * Writes the data first, then points the metadata to them in one conditional update, then removes what
 * was replaced. A crash in between leaves data that nothing points to, and the object as it was; the next
 * attempt at the same task removes these data.
 *
 * @throws InvalidData, KindNotSupported
 */
export async function putObject(
  parts: StoreParts,
  value: unknown,
  name: string,
  options: PutOptions,
): Promise<Metadata> {
  for (const attribute of Object.keys(options.attributes ?? {})) checkAttribute(attribute);
  const writeId = options.taskId ? `${options.taskId} ${parts.key(name, '')}` : randomUUID();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const existing = await parts.catalog.find(name);
    if (existing && hasWritten(existing, options.taskId)) return existing;
    const saved = await tryToPut(parts, value, { name, writeId, existing }, options);
    if (saved) return saved;
  }
  throw new OperationalError(`'${name}' is being replaced by others all the time: try again later`);
}

/** Removes an object's collection and file. */
export async function removeData(parts: KindContext, { collection, gridfile }: StoredData): Promise<void> {
  if (collection) await parts.mongo.db.dropCollection(collection);
  if (gridfile) await parts.files.remove(gridfile);
}

interface Attempt {
  readonly name: string;
  readonly writeId: string;
  readonly existing: Metadata | null;
}

/** Null when somebody else was faster. */
async function tryToPut(
  parts: StoreParts,
  value: unknown,
  { name, writeId, existing }: Attempt,
  options: PutOptions,
): Promise<Metadata | null> {
  const { append = true } = options;
  const wanted = options.kind ?? (options.layout && KIND_OF_LAYOUT[options.layout]);
  const kind = kindToWrite(parts.kinds, value, wanted, append ? existing?.kind : undefined);
  const target = appendTarget(kind, append, existing);
  const data = await kind.put(value, { name, target, writeId }, parts);
  const saved = existing
    ? await parts.catalog.update(existing.id, changeTo(kind, data, options), {
        condition: unchanged(existing, target, options),
      })
    : await parts.catalog.insert({ ...data, name, kind: kind.name, attributes: initialAttributes(options) });
  const unused = saved ? existing : data;
  if (!target && unused) await removeData(parts, unused);
  if (target && !saved) await removeStray(parts, target, writeId);
  if (saved && options.taskId) await removeOtherAttempts(parts, writeId, saved);
  return saved;
}

/**
 * Removes what an append has written in vain: when the object was replaced or dropped meanwhile, its collection had gone,
 * and the append has made it again.
 */
async function removeStray(parts: StoreParts, target: Metadata, writeId: string): Promise<void> {
  const { mongo, catalog, key } = parts;
  const { name } = target;
  const stray = collectionToRead(target, parts);
  const current = await catalog.find(name);
  if (current && collectionToRead(current, parts) === stray) return;
  // Python gives the next object's collection the same name again, and may be filling it.
  const isReused = stray === key(name, '.datastore');
  if (isReused) await mongo.db.collection<Document>(stray).deleteMany({ _id: idsOf(writeId) });
  else await mongo.db.dropCollection(stray);
}

/** Only one attempt at a task can point the metadata to its data: those of the others are of no use any more. */
async function removeOtherAttempts(
  parts: KindContext,
  writeId: string,
  { collection, gridfile }: StoredData,
): Promise<void> {
  const { db } = parts.mongo;
  const names = await db.listCollections({ name: attemptNames(writeId) }, { nameOnly: true }).toArray();
  for (const { name } of names) {
    if (name !== collection) await db.dropCollection(name);
  }
  await parts.files.removeOthers(writeId, gridfile ? [gridfile] : []);
}

function hasWritten({ attributes }: Metadata, taskId: string | undefined): boolean {
  const { written_by: tasks } = attributes;
  return taskId !== undefined && Array.isArray(tasks) && tasks.includes(taskId);
}

function initialAttributes({ attributes, taskId }: PutOptions): Record<string, unknown> {
  return { ...attributes, ...(taskId ? { written_by: [taskId] } : {}) };
}

/** What a put changes in metadata that are there. */
function changeTo(kind: Kind, data: StoredData, { attributes = {}, taskId }: PutOptions): MetadataChange {
  const fields = toFields(data);
  const obsolete = ['collection', 'gridfile', 'objid', 'uri'].filter((field) => !(field in fields));
  const writtenBy = taskId && { 'attributes.written_by': { $each: [taskId], $slice: -REMEMBERED_TASKS } };
  const pushed = { ...writtenBy, ...prefixed('kind_meta', data.added) };
  return {
    $set: {
      kind: kind.name,
      ...(data.added ? prefixed('kind_meta', data.kindMeta) : { kind_meta: {} }),
      ...fields,
      ...prefixed('attributes', attributes),
    },
    $unset: Object.fromEntries(obsolete.map((field) => [field, ''])),
    ...(Object.keys(pushed).length > 0 && { $push: pushed }),
  };
}

function prefixed(path: string, fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [`${path}.${name}`, value]));
}

function checkAttribute(name: string): void {
  if (name !== '' && !/[.\0]|^\$/.test(name)) return;
  throw new InvalidData(`'${name}' cannot be the name of an attribute: leave out dots, NUL and a leading $`);
}

/**
 * Holds as long as nobody else has added columns since an append merged its own into these. (Other fields of
 * `kind_meta` are documents, whose order of fields JavaScript may not have kept.)
 */
function sameColumns({ kindMeta }: Metadata): Filter<MetadataDocument> {
  return { 'kind_meta.columns': { $eq: kindMeta.columns ?? null } };
}

/** Holds as long as nobody else has replaced the data or added columns to the target, and the task has not written yet. */
function unchanged(
  { collection, gridfile }: Metadata,
  target: Metadata | null,
  { taskId }: PutOptions,
): Filter<MetadataDocument> {
  return {
    collection: collection ?? { $exists: false },
    gridfile: gridfile ?? { $exists: false },
    ...(taskId ? { 'attributes.written_by': { $ne: taskId } } : {}),
    ...(target ? sameColumns(target) : {}),
  };
}
