/** `om.models`: models and their versions, as omega|ml stores them. */
import { CorruptObject, InvalidName, KindNotSupported, ModelNotFound } from '../errors.ts';
import { mapUnavailable } from '../mongo/availability.ts';
import type { Mongo } from '../mongo/client.ts';
import type { Metadata } from '../store/metadata.ts';
import { parseDatasetName } from '../store/names.ts';
import { createStore, type OmegaStore } from '../store/store.ts';
import { createModelBackends, type ModelBackends } from './backends.ts';
import type { ModelBackend, StoredModel } from './model-backend.ts';
import { createModelCache, type ModelCache } from './model-cache.ts';
import { basisOf, MODEL_KIND, putVersion } from './model-versions.ts';
import { type LoadedModel, type OpenedModel, openModel } from './opened-model.ts';
import {
  type Commit,
  checkTag,
  meansLatest,
  parseVersionName,
  selectCommit,
  type VersionName,
  versionsOf,
} from './version-name.ts';

export interface ModelsOptions {
  readonly bucket: string;
  /** Default: the built-in ones. Give the same registry to every bucket. */
  readonly backends?: ModelBackends;
  /** Of unpacked models. Default: none are kept. Give the same to every bucket. */
  readonly cache?: ModelCache;
}

interface PutModelOptions {
  /** A name for this version beside `latest`. */
  readonly tag?: string;
  /** A second put under the same task id changes nothing. */
  readonly taskId?: string;
}

/** Names are `model`, `model@tag`, `model@<commit>`, `model^` (the version before the latest). */
export interface Models {
  /**
   * Stores a new version: an estimator of `ml-random-forest` or `ml-regression`, fitted or not, an ONNX file
   * (its bytes, or a path ending in `.onnx`), any other file, or what a registered backend supports.
   *
   * @throws KindNotSupported, InvalidName, InvalidOptions, InvalidData
   */
  put(value: unknown, name: string, options?: PutModelOptions): Promise<Metadata>;
  /**
   * What was put; of an estimator, an instance of its class as the last fit left it.
   *
   * @throws ModelNotFound, KindNotSupported, CorruptObject
   */
  get(name: string): Promise<unknown>;
  /**
   * The model as an ONNX file, for Python and everyone else: `label` and `probabilities`, or `variable`. It takes one
   * matrix `X` of doubles; with strings among the columns, one input for each column, by its name.
   *
   * @throws ModelNotFound, NotFitted, OperationNotSupported for a kind that is none
   */
  exportOnnx(name: string): Promise<Buffer>;
  /** Names, sorted. @param pattern a name in which `*` stands for anything; default all but hidden ones. */
  list(pattern?: string): Promise<string[]>;
  /** Removes a model with all its versions. @returns false when `force` is set and there was none. */
  drop(name: string, options?: { readonly force?: boolean }): Promise<boolean>;
  /** Of the model, or of one version when the name says so. @throws ModelNotFound */
  metadata(name: string): Promise<Metadata>;
  exists(name: string): Promise<boolean>;
  /** Reads a model, to work with it. @throws ModelNotFound, KindNotSupported, CorruptObject */
  open(name: string): Promise<OpenedModel>;
  /** Adds a backend, for all buckets that share the registry. */
  register(backend: ModelBackend): void;
}

export function createModels(
  mongo: Mongo,
  { bucket, backends = createModelBackends(), cache = createModelCache(0) }: ModelsOptions,
): Models {
  const store = createStore({ mongo, prefix: 'models/', bucket, kinds: [], notFound: ModelNotFound });

  async function put(value: unknown, name: string, { tag, taskId }: PutModelOptions): Promise<Metadata> {
    checkModelName(name);
    if (tag !== undefined) checkTag(tag);
    const backend = backends.forValue(value);
    const model = backend.pack(await backend.fromValue(value));
    return putVersion(store, { name, model, attributes: {}, tag, taskId, basis: null });
  }

  async function open(name: string): Promise<OpenedModel> {
    return openModel(await read(name));
  }

  async function read(name: string): Promise<LoadedModel<unknown>> {
    const { base, commit } = await findVersion(store, parseModelName(name));
    const { backend, model } = await cache.get(versionId(base, commit), async () =>
      load(base.name, await readVersion(store, base, commit)),
    );
    const now = basisOf(base);
    // Who learns from an earlier version has asked for it: its successors are left out on purpose.
    const basis = now.ref === (commit?.ref ?? null) ? now : null;
    return {
      ...{ metadata: base, backend, model },
      save: ({ isNext, ...put }) =>
        mapUnavailable(mongo, () =>
          putVersion(store, { ...put, name: base.name, tag: undefined, basis: isNext ? basis : null }),
        ),
      reopen: () => mapUnavailable(mongo, () => read(name)),
    };
  }

  async function load(name: string, version: Metadata) {
    const stored = await readModel(store, name, version);
    const backend = backends.forStored(stored);
    const model = { backend, model: await backend.unpack(stored) };
    return { model, byteLength: stored.bytes.length };
  }

  async function drop(name: string, force: boolean): Promise<boolean> {
    checkModelName(name);
    const found = force && !(await store.exists(name)) ? null : await store.metadata(name);
    // The model comes last: after a failure in between, the next drop finds the versions that are left.
    const known = await dropVersions(store, found, []);
    const removed = await store.remove(name, { force });
    // Versions may have been put in between.
    await dropVersions(store, removed, known);
    return removed !== null;
  }

  return {
    put: (value, name, options = {}) => mapUnavailable(mongo, () => put(value, name, options)),
    get: (name) => mapUnavailable(mongo, async () => (await open(name)).value()),
    exportOnnx: (name) => mapUnavailable(mongo, async () => (await open(name)).toOnnx()),
    list: (pattern) => store.list(pattern),
    drop: (name, { force = false } = {}) => mapUnavailable(mongo, () => drop(name, force)),
    metadata: (name) => mapUnavailable(mongo, () => findMetadata(store, name)),
    exists: (name) =>
      mapUnavailable(mongo, async () => (await store.catalog.find(parseVersionName(name).base)) !== null),
    open: (name) => mapUnavailable(mongo, () => open(name)),
    register: (backend) => backends.register(backend),
  };
}

/** Drops the copies of all versions but those that are gone. Returns all of them. */
async function dropVersions(
  store: OmegaStore,
  model: Metadata | null,
  gone: readonly Commit[],
): Promise<readonly Commit[]> {
  const commits = (model && versionsOf(model.attributes)?.commits) ?? [];
  const names = new Set(gone.map(({ name }) => name));
  for (const { name } of commits) if (!names.has(name)) await store.drop(name, { force: true });
  return commits;
}

/** What never changes: a version of this model; the file of a model without versions. */
function versionId({ id, gridfile }: Metadata, commit: Commit | null): string {
  return `${id.toHexString()} ${commit ? commit.ref : gridfile?.toHexString()}`;
}

/** @throws InvalidName when the name says which version, which only reading may. */
function checkModelName(name: string): void {
  checkBaseName(name);
  if (!/[@^]/.test(name)) return;
  throw new InvalidName(`'${name}' names a version: give the model's name without @ and ^`);
}

/** @throws InvalidName when stores would read the name as that of another object, with columns selected from it. */
function checkBaseName(name: string): void {
  if (parseDatasetName(name).columns === null) return;
  throw new InvalidName(
    `'${name}' selects columns, which only datasets have: give a model's name without [ ]`,
  );
}

/** Of the model, as omega|ml gives it, unless the name says which version. */
async function findMetadata(store: OmegaStore, name: string): Promise<Metadata> {
  const parsed = parseModelName(name);
  if (meansLatest(parsed)) return store.metadata(parsed.base);
  const { base, commit } = await findVersion(store, parsed);
  return readVersion(store, base, commit);
}

/** A model, and the version that its name asks for. */
interface FoundVersion {
  readonly base: Metadata;
  /** Null for a model without versions. */
  readonly commit: Commit | null;
}

/** By default the latest. */
async function findVersion(store: OmegaStore, parsed: VersionName): Promise<FoundVersion> {
  const base = await store.recall(parsed.base);
  const versions = versionsOf(base.attributes);
  if (versions) return { base, commit: selectCommit(versions, parsed) };
  if (meansLatest(parsed)) return { base, commit: null };
  throw new ModelNotFound(`model '${parsed.base}' has no versions: ask for '${parsed.base}'`);
}

function parseModelName(name: string): VersionName {
  const parsed = parseVersionName(name);
  checkBaseName(parsed.base);
  return parsed;
}

/** The metadata that hold a version's bytes. */
async function readVersion(store: OmegaStore, base: Metadata, commit: Commit | null): Promise<Metadata> {
  return commit ? store.metadata(commit.name) : base;
}

async function readModel(
  store: OmegaStore,
  name: string,
  { kind, kindMeta, gridfile }: Metadata,
): Promise<StoredModel> {
  if (kind !== MODEL_KIND) {
    throw new KindNotSupported(
      `model '${name}' is stored as ${kind}, which only Python can read: run it on a Python worker, or store it as an ONNX file (skl2onnx)`,
    );
  }
  if (!gridfile) throw new CorruptObject(`model '${name}' has no file: put it again`);
  return { name, kindMeta, bytes: await store.files.read(gridfile) };
}
