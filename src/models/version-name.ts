/** Names of models and their versions: `name`, `name@tag`, `name@<commit>`, `name^`, `name@tag^^`. */
import { InvalidName, ModelNotFound } from '../errors.ts';

/** A model's name, taken apart. */
export interface VersionName {
  readonly base: string;
  /** A tag or a commit; null means the latest version. */
  readonly ref: string | null;
  /** How many versions before that one (`^` each). */
  readonly back: number;
}

/** `attributes.versions` of a model's metadata, as omega|ml keeps it (mixins/store/modelversion.py). */
export interface Versions {
  /** Tag → commit; `latest` is always set. */
  readonly tags: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly commits: readonly Commit[];
  /** Commit → the one before it, null for the first. */
  readonly tree: Readonly<Record<string, string | null>>;
}

export interface Commit {
  /** Name of the version's own metadata. */
  readonly name: string;
  /** A SHA-1, in hexadecimal. */
  readonly ref: string;
}

/** @throws InvalidName when there is no name before `@` or `^`, or no tag after `@`. */
export function parseVersionName(name: string): VersionName {
  const parts = /^([^@^]+)(?:@([^@^]+))?(\^*)$/.exec(name);
  if (parts?.[1] === undefined) {
    throw new InvalidName(
      `'${name}' names no model: write name, name@tag, or name^ for the version before the latest`,
    );
  }
  return { base: parts[1], ref: parts[2] ?? null, back: parts[3]?.length ?? 0 };
}

/** @throws InvalidName when a name could not say this tag, or MongoDB could not store it as a field. */
export function checkTag(tag: string): void {
  if (tag !== '' && !/[@^.\0]|^\$/.test(tag)) return;
  throw new InvalidName(`'${tag}' is no valid tag: leave out @, ^, dots, NUL and a leading $`);
}

/** A model's versions; null for metadata that have none (written by others, or before versions were kept). */
export function versionsOf(attributes: Readonly<Record<string, unknown>>): Versions | null {
  const versions = attributes.versions;
  return isVersions(versions) && versions.commits.length > 0 ? versions : null;
}

function isVersions(value: unknown): value is Versions {
  if (typeof value !== 'object' || value === null) return false;
  const { tags, commits, tree } = value as Partial<Record<keyof Versions, unknown>>;
  return [tags, tree].every((part) => typeof part === 'object' && part !== null) && Array.isArray(commits);
}

/** Whether the name asks for no version in particular. */
export function meansLatest({ ref, back }: VersionName): boolean {
  return ref === null && back === 0;
}

/** Name of the metadata that hold one version. */
export function versionKey(base: string, ref: string): string {
  return `_versions/${base}/${ref}`;
}

/** @throws ModelNotFound when there is no such tag or commit, or no version that far back. */
export function selectCommit(versions: Versions, { base, ref, back }: VersionName): Commit {
  const { tags, commits } = versions;
  const wanted = ref === null ? commits.at(-1)?.ref : (tags[ref] ?? ref);
  const start = commits.find((commit) => commit.ref === wanted);
  if (!start) {
    throw new ModelNotFound(
      `model '${base}' has no version '${ref ?? 'latest'}': its tags are ${Object.keys(tags).join(', ')}`,
    );
  }
  return ancestor(versions, start, back, base);
}

function ancestor(versions: Versions, start: Commit, back: number, base: string): Commit {
  let commit = start;
  for (let step = 0; step < back; step += 1) {
    const previous = versions.commits.find(({ ref }) => ref === versions.tree[commit.ref]);
    if (!previous) {
      throw new ModelNotFound(
        `model '${base}' has only ${step} versions before '${start.ref}': ask for one that is there`,
      );
    }
    commit = previous;
  }
  return commit;
}
