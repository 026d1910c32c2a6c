/** What stands for the base image of the Dockerfile: Debian's smallest system, with Node and npm from npm. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { installOnce } from '../../support/install-once.ts';

const RELEASE = 'bookworm';
const NODE_PACKAGES = ['node@22', 'npm@10'];

/** Folder with the file system in `root`, and a `Dockerfile` that copies it. */
export function baseFolder(): string {
  return installOnce('image-base-1', (folder) => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const root = join(folder, 'root');
    run('debootstrap', ['--variant=minbase', RELEASE, root, debianMirror()]);
    writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
    run('npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      '--prefix',
      folder,
      ...NODE_PACKAGES,
    ]);
    addNode(root, join(folder, 'node_modules'));
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY . /\nCMD ["node"]\n');
  });
}

function addNode(root: string, modules: string): void {
  const local = join(root, 'usr', 'local');
  copyFileSync(join(modules, 'node', 'bin', 'node'), join(local, 'bin', 'node'));
  cpSync(join(modules, 'npm'), join(local, 'lib', 'node_modules', 'npm'), { recursive: true });
  for (const command of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${command}-cli.js`, join(local, 'bin', command));
}

/** Where this machine gets Debian from, which is where the image gets its packages from, too. */
function debianMirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...readdirSync(folder).map((name) => join(folder, name))];
  const [mirror] = files.flatMap(
    (file) => readText(file).match(/(?<=^(URIs:|deb .*) *)https?:\S+\/debian\/?(?=\s|$)/gm) ?? [],
  );
  return mirror ?? 'http://deb.debian.org/debian';
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function run(command: string, args: readonly string[]): void {
  process.stderr.write(`${command} (once)\n`);
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
