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
  /** What the model must be as yet for the version to be put; null for whatever it is. */
  readonly basis: Basis | null;
}

/** What a model was when somebody began to learn more. */
export interface Basis {
  /** The latest version; null for a model without versions. */
  readonly ref: string | null;
  /** The file of the model itself. */
  readonly gridfile: ObjectId | undefined;
}

/** A version as it was stored, by this put or by an earlier one for the same task. */
interface StoredVersion extends VersionPut {
  readonly ref: string;
  /** The file of the copy. */
  readonly copy: ObjectId | undefined;
}

/** How often a put is tried while others put the same model. */
const ATTEMPTS = 20;

/** The model is not what a version is based on any more. */
export class OutdatedBasis extends OperationalError {}

/**
 * Stores a version: first the copy, whose unique name decides between two workers with the same task, then
 * the model. Each step can be repeated after a crash in between.
 *
 * @throws OutdatedBasis
 */
export async function putVersion(store: OmegaStore, put: VersionPut): Promise<Metadata> {
  const { name, basis, taskId = randomUUID() } = put;
  const ref = refOf(name, taskId, basis?.ref ?? null);
  const existing = await store.catalog.find(name);
  if (existing && hasWritten(existing, taskId)) return existing;
  const version = await storeCopy(store, { ...put, ref });
  const saved = await advance(store, version);
  if (put.taskId !== undefined) await removeOtherAttempts(store, version, saved);
  return saved;
}

/**
 * The ref follows from the task. That of a version with a basis follows from this, too: a task whose basis was outdated
 * learns again, and its second version is another one.
 */
function refOf(name: string, taskId: string, basis: string | null): string {
  return createHash('sha1')
    .update(name)
    .update(taskId)
    .update(basis ?? '')
    .digest('hex');
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

/** Makes the version the model's latest, in one conditional update. @throws OutdatedBasis */
async function advance(store: OmegaStore, version: StoredVersion): Promise<Metadata> {
  const { name, ref, basis } = version;
  const gridfile = await store.files.write(store.key(name, 'file'), version.model.bytes, ref);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const current = await store.catalog.find(name);
    if (current && hasCommit(current, ref)) {
      await store.files.remove(gridfile);
      return current;
    }
    if (basis && !isStill(basis, current)) return withdraw(store, version, gridfile);
    const saved = await (current
      ? replace(store, version, gridfile, current)
      : create(store, version, gridfile));
    if (saved) return saved;
  }
  await store.files.remove(gridfile);
  throw new OperationalError(`model '${name}' is being replaced by others all the time: try again later`);
}

/** No other worker with this task and this basis can store the version any more. */
async function withdraw(store: OmegaStore, { name, ref }: StoredVersion, gridfile: ObjectId): Promise<never> {
  await store.files.remove(gridfile);
  await store.drop(versionKey(name, ref), { force: true });
  throw new OutdatedBasis(`another version of model '${name}' has come meanwhile: fit the model again`);
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

/** Commits the version, and removes the file of the one before. Null when another one was committed in the meantime. */
async function replace(
  store: OmegaStore,
  version: StoredVersion,
  gridfile: ObjectId,
  current: Metadata,
): Promise<Metadata | null> {
  const saved = await commit(store, version, gridfile, current);
  if (saved && current.gridfile) await store.files.remove(current.gridfile);
  return saved;
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

/** The basis of what is learned from a model now. */
export function basisOf({ attributes, gridfile }: Metadata): Basis {
  return { ref: versionsOf(attributes)?.commits.at(-1)?.ref ?? null, gridfile };
}

function isStill({ ref, gridfile }: Basis, model: Metadata | null): boolean {
  if (!model) return false;
  const current = basisOf(model);
  return current.ref === ref && String(current.gridfile) === String(gridfile);
}

function hasCommit({ attributes }: Metadata, ref: string): boolean {
  return versionsOf(attributes)?.commits.some((commit) => commit.ref === ref) ?? false;
}

/** Whether one of the versions is the task's, whatever its basis was. */
function hasWritten({ name, attributes }: Metadata, taskId: string): boolean {
  const { commits = [], tree = {} } = versionsOf(attributes) ?? {};
  const withoutBasis = refOf(name, taskId, null);
  return commits.some(({ ref }) => ref === withoutBasis || ref === refOf(name, taskId, tree[ref] ?? null));
}
