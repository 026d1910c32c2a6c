/** The metadata of one store (bucket and prefix), in the collection `metadata` that all stores share. */
import { InvalidName } from '../errors.ts';
import { type Collection, type Filter, ObjectId, type UpdateFilter } from '../mongo/bson.ts';
import { isDuplicateKey, type Mongo } from '../mongo/client.ts';
import { findFirst } from '../mongo/find-first.ts';
import { literal } from '../mongo/regex.ts';
import { fromBytes, fromDocument, type Metadata, type MetadataDocument, toNaive } from './metadata.ts';
import { rememberMetadata } from './metadata-memory.ts';

const COLLECTION = 'metadata';
const MAX_PATTERN = 1_000;
const MAX_STARS = 10;

/** Where an object's data are, and what its kind must know to read them. */
export interface StoredData {
  readonly kindMeta?: Readonly<Record<string, unknown>>;
  readonly collection?: string;
  readonly gridfile?: ObjectId;
  readonly objid?: ObjectId;
  readonly uri?: string;
  /**
   * Of an append: what is added to lists of `kind_meta`. Then `kindMeta` names only what is replaced, and the rest stays:
   * several may append at the same time.
   */
  readonly added?: Readonly<Record<string, unknown>>;
}

/** Metadata of an object to be. */
interface MetadataDraft extends StoredData {
  readonly name: string;
  readonly kind: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface ListOptions {
  /** Also names that start with `.`; default false. */
  readonly hidden?: boolean;
  /** Also names that start with `_`, such as data that clients passed by value; default false. */
  readonly temporary?: boolean;
}

/** MongoDB's update operators; fields by their stored names and paths, as in {@link MetadataDocument}. */
export type MetadataChange = {
  readonly [Operator in '$set' | '$unset' | '$push' | '$pull' | '$addToSet']?: Readonly<
    Record<string, unknown>
  >;
};

interface UpdateOptions {
  /** What must hold for the update to happen, besides the object being there. */
  readonly condition?: Filter<MetadataDocument>;
  readonly arrayFilters?: Record<string, unknown>[];
}

export interface MetadataStore {
  find(name: string): Promise<Metadata | null>;
  /**
   * As {@link find}, for what is asked for over and over: as long as nothing has changed it gives the same object, which
   * nobody may change.
   */
  recall(name: string): Promise<Metadata | null>;
  /** The object whose data are this file. MongoDB has no index for it: not for what is asked for often. */
  findByFile(gridfile: ObjectId): Promise<Metadata | null>;
  /** @param pattern a name in which `*` stands for anything; default all. Sorted by name. */
  list(pattern?: string, options?: ListOptions): Promise<Metadata[]>;
  /** Null when there is an object of this name already. */
  insert(draft: MetadataDraft): Promise<Metadata | null>;
  /** Also sets `modified`. Null when the object is gone, or the condition does not hold. */
  update(id: ObjectId, change: MetadataChange, options?: UpdateOptions): Promise<Metadata | null>;
  /** What was removed, as it was then; null when it was gone already. */
  remove(id: ObjectId): Promise<Metadata | null>;
}

export function createMetadataStore(mongo: Mongo, bucket: string, prefix: string): MetadataStore {
  const documents = mongo.db.collection<MetadataDocument>(COLLECTION);
  let indexed: Promise<unknown> | undefined;

  function ensureIndexes(): Promise<unknown> {
    indexed ??= createIndexes(documents).catch((error: unknown) => {
      indexed = undefined;
      throw error;
    });
    return indexed;
  }

  function findByName(name: string): Promise<Buffer | null> {
    return findFirst<MetadataDocument>(mongo, COLLECTION, { name: { $eq: name }, bucket, prefix });
  }

  return {
    async find(name) {
      const found = await findByName(name);
      return found && fromBytes(found);
    },
    recall: rememberMetadata({
      byName: findByName,
      byId: (id) => findFirst<MetadataDocument>(mongo, COLLECTION, { _id: id }),
    }),
    async findByFile(gridfile) {
      const found = await documents.findOne({ bucket, prefix, gridfile });
      return found && fromDocument(found);
    },
    async list(pattern, options = {}) {
      const filter = { bucket, prefix, $and: nameFilters(pattern, options) };
      return (await documents.find(filter, { sort: { name: 1 } }).toArray()).map(fromDocument);
    },
    async insert(draft) {
      await ensureIndexes();
      const document = newDocument(draft, bucket, prefix);
      try {
        await documents.insertOne(document);
        return fromDocument(document);
      } catch (error) {
        if (isDuplicateKey(error)) return null;
        throw error;
      }
    },
    async update(id, change, { condition = {}, arrayFilters } = {}) {
      const updated = await documents.findOneAndUpdate(
        { ...condition, _id: id },
        {
          ...change,
          $set: { ...change.$set, modified: toNaive(new Date()) },
        } as UpdateFilter<MetadataDocument>,
        { returnDocument: 'after', ...(arrayFilters ? { arrayFilters } : {}) },
      );
      return updated && fromDocument(updated);
    },
    async remove(id) {
      const removed = await documents.findOneAndDelete({ _id: id });
      return removed && fromDocument(removed);
    },
  };
}

function newDocument(draft: MetadataDraft, bucket: string, prefix: string): MetadataDocument {
  const now = toNaive(new Date());
  return {
    _id: new ObjectId(),
    name: draft.name,
    bucket,
    prefix,
    kind: draft.kind,
    ...toFields(draft),
    kind_meta: { ...draft.kindMeta },
    attributes: { ...draft.attributes },
    s3file: {},
    created: now,
    modified: now,
  };
}

/** The fields of the stored document that say where the data are. */
export function toFields(data: StoredData): Partial<MetadataDocument> {
  const { kindMeta, collection, gridfile, objid, uri, added } = data;
  return {
    ...(kindMeta && !added ? { kind_meta: { ...kindMeta } } : {}),
    ...(collection ? { collection } : {}),
    ...(gridfile ? { gridfile } : {}),
    ...(objid ? { objid } : {}),
    ...(uri === undefined ? {} : { uri }),
  };
}

/** As mongoengine names and declares them. */
async function createIndexes(documents: Collection<MetadataDocument>): Promise<void> {
  await documents.createIndex({ name: 1, bucket: 1, prefix: 1 }, { unique: true });
  await documents.createIndex({ bucket: 1, prefix: 1, name: 1 });
  await documents.createIndex({ created: 1 });
}

function nameFilters(pattern: string | undefined, options: ListOptions): Filter<MetadataDocument>[] {
  const filters: Filter<MetadataDocument>[] = [{ name: { $type: 'string' } }];
  if (pattern !== undefined) filters.push({ name: { $regex: globToRegex(pattern) } });
  if (!options.hidden) filters.push({ name: { $not: /^\./ } });
  if (!options.temporary) filters.push({ name: { $not: /^_/ } });
  return filters;
}

/** @throws InvalidName for a pattern that no name needs, and that may take the server long. */
function globToRegex(pattern: string): string {
  const stars = pattern.split('*').length - 1;
  if (pattern.length > MAX_PATTERN || stars > MAX_STARS) {
    throw new InvalidName(
      `a pattern of ${pattern.length} characters and ${stars} stars is too long: at most ${MAX_PATTERN} and ${MAX_STARS}`,
    );
  }
  return `^${pattern.split('*').map(literal).join('.*')}$`;
}
