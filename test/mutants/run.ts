/**
 * Shows that the tests of the defences can fail: `npm run mutants`, or `npm run mutants -- NAME…` for some of them.
 * In a copy of the sources each patch is applied, the copy is built, and the test that the patch names is run: it must
 * fail. Before that all of them are run without any patch: they must pass.
 */
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { formatTable } from '../../src/cli/output.ts';
import { type Mutant, patternOf, readMutants } from './mutants.ts';

const TEST_LIMIT_MS = 5 * 60_000;

/** What became of a mutant; it is as it should be when its test failed. */
type Verdict =
  | 'killed'
  | 'killed, without end'
  | 'SURVIVED'
  | 'does not apply'
  | 'does not build'
  | 'runs no test';

interface Judgement {
  readonly verdict: Verdict;
  /** What the test failed of. */
  readonly failure: string;
}

const SHOWN_FAILURE = 90;

const copy = makeCopy();
try {
  const mutants = chosenMutants(process.argv.slice(2));
  if (!passWithoutPatch(mutants)) process.exitCode = 1;
  else if (!report(mutants.map((mutant) => ({ mutant, ...judge(mutant) })))) process.exitCode = 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}

function chosenMutants(names: readonly string[]): Mutant[] {
  const all = readMutants();
  const unknown = names.filter((name) => !all.some((mutant) => mutant.name === name));
  if (unknown.length === 0) return all.filter(({ name }) => names.length === 0 || names.includes(name));
  console.error(`no such mutant: ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

/** What git knows, as it is now, and what is installed. */
function makeCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omega-mutants-'));
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z']);
  for (const file of files.toString().split('\0').filter(Boolean)) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(file, join(folder, file), { force: true });
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

function passWithoutPatch(mutants: readonly Mutant[]): boolean {
  console.log(`${mutants.length} mutants; their tests without a patch:`);
  if (!build()) return false;
  const { output } = test(mutants);
  console.log(output.trim().split('\n').at(-1));
  if (/\b[1-9]\d* passed, 0 failed/.test(output)) return true;
  console.error(output);
  return false;
}

function judge(mutant: Mutant): Judgement & { readonly seconds: number } {
  const start = Date.now();
  const judgement = judgeNow(mutant);
  const seconds = Math.round((Date.now() - start) / 1000);
  console.log(`${mutant.name}: ${judgement.verdict} (${seconds} s) ${judgement.failure}`);
  return { ...judgement, seconds };
}

function judgeNow(mutant: Mutant): Judgement {
  if (!run('git', ['apply', mutant.patch])) return { verdict: 'does not apply', failure: '' };
  try {
    if (!build()) return { verdict: 'does not build', failure: '' };
    const { output, hasEnded } = test([mutant]);
    if (!hasEnded) return { verdict: 'killed, without end', failure: '' };
    const [, passed, failed] = /^(\d+) passed, (\d+) failed/m.exec(output) ?? [];
    const isKilled = failed !== '0' && output.includes(' FAIL ');
    if (passed === '0' && !isKilled) return { verdict: 'runs no test', failure: '' };
    const [failure = ''] = /^\w*Error: .*$/m.exec(output) ?? [];
    return { verdict: isKilled ? 'killed' : 'SURVIVED', failure: failure.slice(0, SHOWN_FAILURE) };
  } finally {
    run('git', ['apply', '--reverse', mutant.patch]);
  }
}

/** Only what has changed; the setup of the tests builds again what looks older than its sources. */
function build(): boolean {
  const incremental = ['--incremental', '--tsBuildInfoFile', 'dist/build-info.json'];
  if (!run(process.execPath, ['node_modules/typescript/bin/tsc', ...incremental])) return false;
  const now = new Date();
  utimesSync(join(copy, 'dist/src/errors.js'), now, now);
  return true;
}

/** The tests of these mutants, and no others. */
function test(mutants: readonly Mutant[]): { readonly output: string; readonly hasEnded: boolean } {
  const files = [...new Set(mutants.map((mutant) => mutant.test.split(': ')[0] ?? ''))];
  const paths = files.flatMap((file) =>
    readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((path) => basename(path) === file),
  );
  const pattern = mutants.map((mutant) => `(${patternOf(mutant)})`).join('|');
  const args = ['--config', 'test/vitest.config.ts', '--root', '.', '-t', pattern];
  const { status, stdout, stderr } = spawnIn(
    ['node_modules/vitest/vitest.mjs', 'run', ...args, ...paths.map((path) => join('test', path))],
    TEST_LIMIT_MS * mutants.length,
  );
  return { output: `${stderr}\n${stdout}`, hasEnded: status !== null };
}

function spawnIn(args: readonly string[], timeout: number): SpawnSyncReturns<string> {
  const options = {
    cwd: copy,
    encoding: 'utf8',
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 28,
  } as const;
  return spawnSync(process.execPath, args, { ...options, env: { ...process.env, NO_COLOR: '1' } });
}

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: copy, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}

/** @returns whether all of them are as they should be. */
function report(
  judged: readonly (Judgement & { readonly mutant: Mutant; readonly seconds: number })[],
): boolean {
  const rows = judged.map(({ mutant: { name, what, test: title }, verdict, failure, seconds }) => {
    return [name, what, title.split(': ')[0], verdict, seconds, failure];
  });
  const header = ['MUTANT', 'WHAT IT LETS HAPPEN', 'TEST', 'VERDICT', 'SECONDS', 'THE TEST SAYS'];
  console.log(`\n${formatTable(header, rows)}`);
  const killed = judged.filter(({ verdict }) => verdict.startsWith('killed')).length;
  console.log(`\n${killed} of ${judged.length} killed`);
  return killed === judged.length;
}
