import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const OPTIONS = '--noEmit --strict --skipLibCheck --target es2023 --module nodenext --types node'.split(' ');

const PAGES: readonly (readonly [page: string, examples: number])[] = [
  ['docs/tasks.md', 6],
  ['docs/canvas.md', 6],
  ['docs/estimators.md', 2],
];

test.each(PAGES)(
  'the examples of %s compile against the package as it is built',
  { timeout: 120_000 },
  (page, least) => {
    const examples = [...readFileSync(page, 'utf8').matchAll(/^```ts\n(.*?)^```/gms)];
    expect(examples.length).toBeGreaterThanOrEqual(least);
    const files = writeModules(examples.map(([, code = '']) => code));
    expect(compile(files)).toBe('');
  },
);

/** Inside the package, where its own name leads to what is built. */
function writeModules(modules: readonly string[]): string[] {
  mkdirSync('dist', { recursive: true });
  const folder = mkdtempSync(join('dist', 'examples-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return modules.map((code, index) => {
    const path = join(folder, `example-${index + 1}.ts`);
    writeFileSync(path, code);
    return path;
  });
}

/** @returns what is wrong, empty for nothing. */
function compile(files: readonly string[]): string {
  try {
    execFileSync(
      process.execPath,
      ['node_modules/typescript/bin/tsc', '--ignoreConfig', ...OPTIONS, ...files],
      {
        encoding: 'utf8',
        stdio: 'pipe',
      },
    );
    return '';
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
  }
}
