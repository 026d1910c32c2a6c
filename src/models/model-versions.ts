/**
 * Writes versions of models as omega|ml does (mixins/store/modelversion.py): each is stored twice, as the
 * model itself and as a copy `_versions/<name>/<sha1>` that later puts leave alone; `attributes.versions` of
 * the model list the copies.
 */
import { createHash, randomUUID } from 'node:crypto';
import { OperationalError } from '../errors.ts';
import type { ObjectId, UpdateFilter } from '../mongo/bson.ts';
import type { Metadata, MetadataDocument } from '../store/metadata.ts';
import type { OmegaStore } from '../store/store.ts';
import type { PackedModel } from './model-backend.ts';
import { type Commit, type Versions, versionKey, versionsOf } from './version-name.ts';

/** The kind of all models of this package: bytes that any client can read. */
export const MODEL_KIND = 'python.file';

export interface VersionPut {
  /** Name of the model, without tag or commit. */
  readonly name: string;
  readonly model: PackedModel;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tag: string | undefined;
  /** Puts under one task id are one version. */
  readonly taskId: string | undefined;
}

/** A version as it was stored, by this put or by an earlier one for the same task. */
interface StoredVersion extends VersionPut {
  readonly ref: string;
  /** The file of the copy. */
  readonly copy: ObjectId | undefined;
}

/** How often a put is tried while others put the same model. */
const ATTEMPTS = 20;

/**
 * Stores a version: first the copy, whose unique name decides between two workers with the same task, then
 * the model. Each step can be repeated after a crash in between.
 */
export async function putVersion(store: OmegaStore, put: VersionPut): Promise<Metadata> {
  const ref = createHash('sha1')
    .update(put.name)
    .update(put.taskId ?? randomUUID())
    .digest('hex');
  const existing = await store.catalog.find(put.name);
  if (existing && hasCommit(existing, ref)) return existing;
  const version = await storeCopy(store, { ...put, ref });
  const saved = await advance(store, version);
  if (put.taskId !== undefined) await removeOtherAttempts(store, version, saved);
  return saved;
}

/** The version is there now, so that no other attempt at the task can store it: their files are of no use. */
async function removeOtherAttempts(
  { files }: OmegaStore,
  { ref, copy }: StoredVersion,
  { gridfile }: Metadata,
): Promise<void> {
  await files.removeOthers(
    ref,
    [copy, gridfile].filter((file) => file !== undefined),
  );
}

/** Stores the copy; when another attempt has stored it, that one is the version. */
async function storeCopy(store: OmegaStore, version: Omit<StoredVersion, 'copy'>): Promise<StoredVersion> {
  const { ref } = version;
  const name = versionKey(version.name, ref);
  const earlier = await store.catalog.find(name);
  if (earlier) return readCopy(store, version, earlier);
  const { bytes, kindMeta } = version.model;
  const gridfile = await store.files.write(store.key(name, 'file'), bytes, ref);
  const { attributes } = version;
  const stored = await store.catalog.insert({
    name,
    kind: MODEL_KIND,
    kindMeta,
    attributes,
    gridfile,
    uri: '',
  });
  if (stored) return { ...version, copy: gridfile };
  await store.files.remove(gridfile);
  return readCopy(store, version, await store.metadata(name));
}

async function readCopy(
  store: OmegaStore,
  version: Omit<StoredVersion, 'copy'>,
  { gridfile, kindMeta, attributes }: Metadata,
): Promise<StoredVersion> {
  if (!gridfile) return { ...version, copy: undefined };
  const bytes = await store.files.read(gridfile);
  return { ...version, model: { bytes, kindMeta }, attributes, copy: gridfile };
}

/** Makes the version the model's latest, in one conditional update. */
async function advance(store: OmegaStore, version: StoredVersion): Promise<Metadata> {
  const { name, ref } = version;
  const gridfile = await store.files.write(store.key(name, 'file'), version.model.bytes, ref);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const current = await store.catalog.find(name);
    if (current && hasCommit(current, ref)) {
      await store.files.remove(gridfile);
      return current;
    }
    const saved = current
      ? await commit(store, version, gridfile, current)
      : await create(store, version, gridfile);
    if (saved && current?.gridfile) await store.files.remove(current.gridfile);
    if (saved) return saved;
  }
  await store.files.remove(gridfile);
  throw new OperationalError(`model '${name}' is being replaced by others all the time: try again later`);
}

/** Null when the model is there by now. */
function create(store: OmegaStore, version: StoredVersion, gridfile: ObjectId): Promise<Metadata | null> {
  const { name, ref, tag, model, attributes } = version;
  const versions: Versions = {
    tags: { latest: ref, ...(tag === undefined ? {} : { [tag]: ref }) },
    commits: [{ name: versionKey(name, ref), ref }],
    tree: { [ref]: null },
  };
  return store.catalog.insert({
    name,
    kind: MODEL_KIND,
    kindMeta: model.kindMeta,
    attributes: { ...attributes, versions },
    gridfile,
    uri: '',
  });
}

/** Null when another version was committed in the meantime. */
function commit(
  store: OmegaStore,
  version: StoredVersion,
  gridfile: ObjectId,
  current: Metadata,
): Promise<Metadata | null> {
  const commits = versionsOf(current.attributes)?.commits ?? [];
  const change = commitChange(version, gridfile, commits);
  const unchanged = commits.length > 0 ? { $size: commits.length } : { $in: [null, []] };
  return store.catalog.update(current.id, change, {
    condition: { 'attributes.versions.commits': unchanged, gridfile: current.gridfile ?? { $exists: false } },
  });
}

function commitChange(
  { name, ref, tag, model, attributes }: StoredVersion,
  gridfile: ObjectId,
  commits: readonly Commit[],
): UpdateFilter<MetadataDocument> {
  const added = Object.entries(attributes).map(([key, value]) => [`attributes.${key}`, value] as const);
  return {
    $set: {
      kind: MODEL_KIND,
      kind_meta: { ...model.kindMeta },
      gridfile,
      uri: '',
      ...Object.fromEntries(added),
      'attributes.versions.tags.latest': ref,
      ...(tag === undefined ? {} : { [`attributes.versions.tags.${tag}`]: ref }),
      'attributes.versions.commits': [...commits, { name: versionKey(name, ref), ref }],
      [`attributes.versions.tree.${ref}`]: commits.at(-1)?.ref ?? null,
    },
    $unset: { collection: '', objid: '' },
  };
}

function hasCommit({ attributes }: Metadata, ref: string): boolean {
  return versionsOf(attributes)?.commits.some((commit) => commit.ref === ref) ?? false;
}
