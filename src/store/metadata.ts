/** What is known of a stored object besides its data. */
import type { Document, ObjectId } from '../mongo/bson.ts';
import { decodeDocument } from '../mongo/find-first.ts';

/** The metadata of one object. */
export interface Metadata {
  readonly id: ObjectId;
  readonly name: string;
  readonly bucket: string;
  /** Which store it is in: `data/`, `models/` or `jobs/`. */
  readonly prefix: string;
  /** How it is stored: `pandas.dfrows`, `ndarray.bin`, … */
  readonly kind: string;
  /** What the kind needs to read the data. */
  readonly kindMeta: Readonly<Record<string, unknown>>;
  /** What users and tasks attach. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The collection with the data, for kinds of documents. */
  readonly collection?: string;
  /** `_id` of the GridFS file with the data, for kinds of bytes. */
  readonly gridfile?: ObjectId;
  /** The document last inserted, for `python.data`. */
  readonly objid?: ObjectId;
  readonly uri?: string;
  readonly created: Date;
  readonly modified: Date;
}

/** The metadata as omega|ml stores them (omegaml/documents.py). */
export interface MetadataDocument extends Document {
  _id: ObjectId;
  name: string;
  bucket: string;
  prefix: string;
  kind: string;
  kind_meta: Record<string, unknown>;
  attributes: Record<string, unknown>;
  s3file: Record<string, unknown>;
  created: Date;
  modified: Date;
  collection?: string;
  objid?: ObjectId;
  gridfile?: ObjectId;
  uri?: string;
}

/** As {@link fromDocument}, of a document in BSON. */
export function fromBytes(bytes: Buffer): Metadata {
  return fromDocument(decodeDocument<MetadataDocument>(bytes));
}

/** Reads a stored document; what an older version left out is empty. */
export function fromDocument(document: MetadataDocument): Metadata {
  const { _id, name, bucket, prefix, kind, kind_meta, attributes, collection, gridfile, objid, uri } =
    document;
  return {
    id: _id,
    name,
    bucket,
    prefix,
    kind,
    kindMeta: kind_meta ?? {},
    attributes: attributes ?? {},
    created: fromNaive(document.created),
    modified: fromNaive(document.modified),
    ...(collection ? { collection } : {}),
    ...(gridfile ? { gridfile } : {}),
    ...(objid ? { objid } : {}),
    ...(uri === undefined ? {} : { uri }),
  };
}

/** The text that omega|ml's tasks return for metadata (`repr` of its Metadata class). */
export function formatMetadata({ name, bucket, prefix, kind, created }: Metadata): string {
  const fields = `name=${name},bucket=${bucket},prefix=${prefix},kind=${kind},created=${formatNaive(created)}`;
  return `<Metadata: Metadata(${fields})>`;
}

/**
 * omega|ml stores wall-clock times without a zone as if they were UTC (`datetime.now()`); this is such a
 * time for an instant.
 */
export function toNaive(instant: Date): Date {
  return new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000);
}

/** An instant as Python's `str(datetime.now())` writes it: local time, microseconds unless they are zero. */
export function formatNaive(instant: Date): string {
  const text = toNaive(instant).toISOString().replace('T', ' ').replace('Z', '000');
  return text.endsWith('.000000') ? text.slice(0, -'.000000'.length) : text;
}

/** The instant of a wall-clock time that was stored as if it were UTC. */
function fromNaive(naive: Date): Date {
  const local = new Date(naive.getTime());
  local.setFullYear(naive.getUTCFullYear(), naive.getUTCMonth(), naive.getUTCDate());
  local.setHours(
    naive.getUTCHours(),
    naive.getUTCMinutes(),
    naive.getUTCSeconds(),
    naive.getUTCMilliseconds(),
  );
  return local;
}
