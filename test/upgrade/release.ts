/** The release before this tree: found in git, built once, and laid under the stream of this tree. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOnce } from '../support/install-once.ts';

/** Of this build. */
const DIST = fileURLToPath(new URL('../../', import.meta.url));
/** What the stream of tasks is made of: it runs on either version's own code. */
const STREAM = ['test/chaos', 'test/upgrade'];
/** Files that the stream reads. */
const FIXTURES = 'test/fixtures/onnx';
const CONFIG = 'tsconfig.release.json';

export interface Release {
  readonly version: string;
  readonly commit: string;
  /** Folder of its code, with what it needs installed and built in it. */
  readonly folder: string;
}

/**
 * The commit of the last release before HEAD: the newest one, other than HEAD, that changed the version in package.json.
 *
 * @throws Error when git has none, as in a shallow clone.
 */
export function previousRelease(): string {
  const head = git('rev-parse', 'HEAD');
  const changes = git('log', '--format=%H', '-G^  "version":', '--', 'package.json').split('\n');
  const release = changes.find((commit) => commit !== head && changesVersion(commit));
  if (release !== undefined) return release;
  throw new Error(
    'git has no commit that changed the version in package.json: in a shallow clone run git fetch --unshallow, or name the commit with --from',
  );
}

/** Its code, with its own dependencies: fetched and built when it is asked for the first time. */
export function buildRelease(revision: string, progress: (line: string) => void): Release {
  const commit = git('rev-parse', '--verify', `${revision}^{commit}`);
  const version = versionAt(commit) ?? 'unknown';
  const [major] = process.versions.node.split('.');
  const folder = installOnce(`release-${commit.slice(0, 12)}-node${major}`, (target) => {
    progress(`building ${version} (${commit.slice(0, 7)}), some minutes, once`);
    build(commit, target);
  });
  return { version, commit, folder };
}

/** A copy of a release's build in `folder`, with the stream of this tree in it. Answers with the folder of the build. */
export function layStreamOver({ folder: code }: Release, folder: string): string {
  const dist = join(folder, 'dist');
  cpSync(join(code, 'dist'), dist, { recursive: true });
  cpSync(join(code, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(code, 'node_modules'), join(folder, 'node_modules'));
  for (const part of STREAM) cpSync(join(DIST, part), join(dist, part), { recursive: true });
  cpSync(FIXTURES, join(folder, FIXTURES), { recursive: true });
  return dist;
}

export function currentDist(): string {
  return DIST;
}

function build(commit: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, 'release.tar');
  git('archive', '--output', archive, commit);
  execFileSync('tar', ['-xf', archive, '-C', folder]);
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  execFileSync('npm', ['ci', ...quiet], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  // Its tests stay out of it: those of this tree take their place.
  writeFileSync(
    join(folder, CONFIG),
    JSON.stringify({ extends: './tsconfig.json', include: ['src', 'workers'] }),
  );
  const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', CONFIG], { cwd: folder, stdio: 'inherit' });
}

/** The first commit of a history, or of what a shallow clone has of it, changes nothing. */
function changesVersion(commit: string): boolean {
  const before = versionAt(`${commit}^`);
  return before !== null && before !== versionAt(commit);
}

/** Null where there is no such commit, or no package.json. */
function versionAt(revision: string): string | null {
  try {
    const { version } = JSON.parse(git('show', `${revision}:package.json`)) as { readonly version?: string };
    return version ?? null;
  } catch {
    return null;
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}
