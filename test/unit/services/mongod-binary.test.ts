import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { serviceOptions } from '../../../src/cli/local-services.ts';
import { findMongod } from '../../../src/services/mongod-binary.ts';

function useFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omega-binary-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function makeProgram(folder: string): string {
  const program = join(folder, 'mongod');
  mkdirSync(folder, { recursive: true });
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);
  return program;
}

it('a mongod on PATH is used before all others', async () => {
  const folder = useFolder();
  makeProgram(join(folder, 'cache/omegaml-node/mongod-6.0.5'));
  const program = makeProgram(join(folder, 'bin'));
  const env = { PATH: `/nowhere:${join(folder, 'bin')}`, XDG_CACHE_HOME: join(folder, 'cache') };
  expect(await findMongod({ ...serviceOptions(() => undefined), env })).toBe(program);
});

it('a mongod that was downloaded before is not downloaded again', async () => {
  const folder = useFolder();
  const program = makeProgram(join(folder, 'cache/omegaml-node/mongod-6.0.5'));
  const env = { PATH: '/nowhere', XDG_CACHE_HOME: join(folder, 'cache') };
  expect(await findMongod({ ...serviceOptions(() => undefined), env })).toBe(program);
});
