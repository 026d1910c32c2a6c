/**
 * Builds deploy/Dockerfile as it is, without Docker: by buildah, which needs no daemon, on a base that is made here. Where Debian,
 * npm and PyPI are reached otherwise than by default, the host's configuration is lent to the steps of the build; it stays in none of
 * the layers.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath } from '../../../src/services/commands.ts';
import { installOnce } from '../../support/install-once.ts';
import { baseFolder } from './base.ts';

/** The images that the Dockerfile has. */
export const TARGETS = ['worker', 'notebook'] as const;
export type Target = (typeof TARGETS)[number];

const COMMANDS = ['buildah', 'runc', 'debootstrap'];
/** As the Dockerfile names it. */
const BASE = 'docker.io/library/node:22-bookworm-slim';

/** Of the host: the authorities that it trusts. */
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const COPY = { recursive: true, verbatimSymlinks: true } as const;

/** What an image says of how it is run. */
export interface ImageConfig {
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly User: string;
  readonly WorkingDir: string;
}

/** @throws Error that names what is missing. */
export function requireTools(): void {
  if (process.getuid?.() !== 0)
    throw new Error('the image is built and run by root: run npm run check:image as root');
  const missing = COMMANDS.filter((command) => findOnPath(command, process.env.PATH) === null);
  if (missing.length === 0) return;
  throw new Error(`npm run check:image needs ${missing.join(', ')}: apt-get install ${missing.join(' ')}`);
}

/** Builds what has changed since it was built here before. */
export function buildImage(target: Target): void {
  if (!buildah(['images', '--format', '{{.Name}}:{{.Tag}}']).includes(BASE)) {
    process.stderr.write(`${BASE} is made of debootstrap and npm's node (once)\n`);
    buildah([
      'bud',
      '--isolation',
      'chroot',
      '-f',
      join(baseFolder(), 'Dockerfile'),
      '-t',
      BASE,
      join(baseFolder(), 'root'),
    ]);
  }
  process.stderr.write(`deploy/Dockerfile is built: ${target}\n`);
  const flags = ['--isolation', 'chroot', '--pull-never', '--layers', '--target', target];
  const lent = hostConfiguration();
  try {
    buildah(['bud', ...flags, ...lent.volumes, '-f', 'deploy/Dockerfile', '-t', imageName(target), '.']);
  } finally {
    rmSync(lent.folder, { recursive: true });
  }
}

export function imageName(target: Target): string {
  return `localhost/omegaml-node-check:${target}`;
}

export function imageConfig(target: Target): ImageConfig {
  return JSON.parse(buildah(['inspect', '--type', 'image', imageName(target)])).OCIv1.config;
}

/** For people, such as `454 MB`. */
export function imageSize(target: Target): string {
  return buildah(['images', '--format', '{{.Size}}', imageName(target)]).trim();
}

/** What buildah prints. */
export function buildah(args: readonly string[]): string {
  const store = installOnce('image-store-1', (folder) => mkdirSync(folder, { recursive: true }));
  const storage = ['--root', join(store, 'root'), '--runroot', join(store, 'run')];
  const driver = ['--storage-driver', process.env.STORAGE_DRIVER ?? 'overlay'];
  return execFileSync('buildah', [...storage, ...driver, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** How packages are reached from here, as volumes of the steps: copies, since packages write beside what is lent. */
function hostConfiguration(): { readonly folder: string; readonly volumes: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'omega-image-'));
  const lent = [
    ['/etc/apt/apt.conf.d', '/etc/apt/apt.conf.d'],
    ['/etc/ssl/certs', '/etc/ssl/certs'],
    ['/usr/share/ca-certificates', '/usr/share/ca-certificates'],
    ['/usr/local/share/ca-certificates', '/usr/local/share/ca-certificates'],
    [CERTIFICATES, '/mnt/certificates.pem'],
    [outputOf('npm', 'config', 'get', 'globalconfig').trim(), '/usr/local/etc/npmrc'],
    [join(homedir(), '.npmrc'), '/root/.npmrc'],
  ] as const;
  const copied = lent.filter(([source]) => existsSync(source));
  for (const [source, target] of copied) cpSync(source, join(folder, target), COPY);
  mkdirSync(join(folder, 'etc'), { recursive: true });
  writeFileSync(join(folder, 'etc', 'pip.conf'), pipConfiguration());
  const targets = [...copied.map(([, target]) => target), '/etc/pip.conf'];
  return {
    folder,
    volumes: targets.flatMap((target) => ['--volume', `${join(folder, target)}:${target}`]),
  };
}

/** Of all its files and variables, what says where packages are. */
function pipConfiguration(): string {
  const list = outputOf('python3', '-m', 'pip', 'config', 'list');
  const lines = [...list.matchAll(/^(?:global|:env:)\.(index-url|trusted-host|proxy)='(.*)'$/gm)];
  const certificates = existsSync(CERTIFICATES) ? ['cert = /mnt/certificates.pem'] : [];
  return ['[global]', ...lines.map(([, name, value]) => `${name} = ${value}`), ...certificates, ''].join(
    '\n',
  );
}

function outputOf(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
}
