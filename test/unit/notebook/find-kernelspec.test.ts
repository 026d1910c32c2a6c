import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MissingDependency } from '../../../src/errors.ts';
import { findKernelSpec } from '../../../src/notebook/find-kernelspec.ts';
import type { JsonObject } from '../../../src/notebook/json-object.ts';

/** Any program that is there will do for an interpreter that is not started. */
const python = process.execPath;
let folder: string;

function install(name: string, spec: unknown): void {
  const path = join(folder, 'kernels', name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'kernel.json'), typeof spec === 'string' ? spec : JSON.stringify(spec));
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'omega-test-'));
  install('IR', {
    argv: ['R', '--slave', '--args', '{connection_file}', '{resource_dir}/x'],
    display_name: 'R',
    language: 'R',
    env: { A: '1' },
  });
  install('team-env', { argv: ['python3', '-m', 'x'], language: 'python', interrupt_mode: 'message' });
  install('broken', '{');
});

afterAll(() => rmSync(folder, { recursive: true }));

function find(metadata: JsonObject) {
  const notebook = { nbformat: 4, nbformat_minor: 5, metadata, cells: [] } as const;
  const hostEnv = { JUPYTER_PATH: folder, HOME: folder, PATH: '/nowhere' };
  return findKernelSpec({ ...notebook, cells: [] }, { python, hostEnv });
}

describe('the kernel of a notebook', () => {
  it.each([
    ['python3', { kernelspec: { name: 'python3' } }],
    ['python3', { kernelspec: { name: 'some-venv', language: 'python' } }],
    ['python3', { kernelspec: { name: 'some-venv' }, language_info: { name: 'python' } }],
    ['python3', {}],
    ['deno', { kernelspec: { name: 'deno' } }],
    ['deno', { kernelspec: { name: 'tslab', language: 'typescript' } }],
    ['deno', { language_info: { name: 'javascript' } }],
    ['IR', { kernelspec: { name: 'ir', language: 'R' } }],
    ['team-env', { kernelspec: { name: 'team-env', language: 'python' } }],
  ])('is %s for %j', async (name, metadata) => {
    expect(await find(metadata)).toMatchObject({ name });
  });

  it('is started as its kernel.json says', async () => {
    expect(await find({ kernelspec: { name: 'ir' } })).toMatchObject({
      displayName: 'R',
      argv: ['R', '--slave', '--args', '{connection_file}', join(folder, 'kernels', 'IR', 'x')],
      env: { A: '1' },
      interruptMode: 'signal',
    });
  });

  it('runs on the interpreter of the settings when it asks for python', async () => {
    const spec = await find({ kernelspec: { name: 'team-env' } });
    expect(spec).toMatchObject({ argv: [python, '-m', 'x'], interruptMode: 'message' });
  });

  it('is a missing dependency when it is not installed', async () => {
    const missing = find({ kernelspec: { name: 'broken' } });
    await expect(missing).rejects.toThrow(MissingDependency);
    await expect(missing).rejects.toThrow(`the Jupyter kernel "broken", which is not installed in ${folder}`);
  });

  it.each([['../IR'], ['IR/../IR'], ['/etc'], ['.']])('is no path: %s', async (name) => {
    const missing = find({ kernelspec: { name, language: 'none' } });
    await expect(missing).rejects.toThrow(MissingDependency);
  });

  it('needs the interpreter of the settings', async () => {
    const search = { python: 'python9', hostEnv: { PATH: '/nowhere' } };
    const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] } as const;
    const missing = findKernelSpec({ ...notebook, cells: [] }, search);
    await expect(missing).rejects.toThrow('There is no Python interpreter "python9"');
  });
});
