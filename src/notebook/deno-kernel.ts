/** The TypeScript kernel: `deno jupyter` of the npm package `deno`, an optional peer. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { MissingDependency } from '../errors.ts';
import { FENCE_TYPE, type KernelSpec } from './kernelspec.ts';

/** Longest time that looking for a syntax error may take. */
const SYNTAX_CHECK_MS = 5000;

const ENVIRONMENT = { DENO_NO_UPDATE_CHECK: '1', DENO_NO_PROMPT: '1' };

/** V8 in Deno reserves half a gigabyte, which counts for a limit of an executor's data: it is watched by what it uses. */
const UNLIMITED = ['/bin/sh', '-c', 'ulimit -S -d unlimited; exec "$0" "$@"'] as const;

/** @throws MissingDependency when the package, or its build for this platform, is not installed. */
export function denoKernelSpec(): KernelSpec {
  const deno = denoBinary();
  return {
    name: 'deno',
    displayName: 'Deno',
    language: 'typescript',
    argv: [...UNLIMITED, deno, 'jupyter', '--kernel', '--conn', '{connection_file}'],
    env: ENVIRONMENT,
    transport: 'tcp',
    // SIGINT ends it, though the kernelspec that it installs itself does not say so.
    interruptMode: 'message',
    beatsWhileBusy: true,
    // It publishes outputs from a queue that is not ordered with its replies.
    fence: (id) => `await Deno.jupyter.broadcast('${FENCE_TYPE}', { id: '${id}' })`,
    explainFailure: (source) => findSyntaxError(deno, source),
  };
}

/**
 * The binary itself: the package's own command is a Node script around it, whose process id is not the
 * kernel's.
 */
function denoBinary(): string {
  const family = process.platform === 'linux' ? '-glibc' : '';
  const platform = `@deno/${process.platform}-${process.arch}${family}`;
  try {
    // The platform package is a dependency of deno's, which some package managers do not show to us.
    const deno = createRequire(import.meta.url).resolve('deno/package.json');
    const manifest = createRequire(deno).resolve(`${platform}/package.json`);
    return join(dirname(manifest), process.platform === 'win32' ? 'deno.exe' : 'deno');
  } catch (cause) {
    throw new MissingDependency(
      `TypeScript notebooks need the npm package "deno" with "${platform}": run npm install deno@2.9.6`,
      { cause },
    );
  }
}

/** The kernel answers a syntax error with "Execution failed" alone; Deno's formatter says what and where. */
function findSyntaxError(deno: string, source: string): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { env: { ...ENVIRONMENT, NO_COLOR: '1' }, timeout: SYNTAX_CHECK_MS };
    const [shell, ...script] = UNLIMITED;
    const args = [...script, deno, 'fmt', '--check', '--ext', 'ts', '-'];
    const child = execFile(shell, args, options, (_, __, stderr) => {
      const text = stripVTControlCharacters(stderr);
      const [, message] = /SyntaxError: (.*?)(?:\n\s*at |\n\nStack|$)/s.exec(text) ?? [];
      resolve(message ?? null);
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(source);
  });
}
