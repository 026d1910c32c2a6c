/** Prints `N passed, N failed` as the last line of a run, whatever else is printed and however the run ends. */
import { writeSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export default class CountReporter implements Reporter {
  /** A run that never ends well has failed. */
  #counts: Counts = { passed: 0, failed: 1, skipped: 0 };

  onInit(): void {
    process.once('exit', () => writeSync(process.stdout.fd, `${describeCounts(this.#counts)}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) countModule(module, this.#counts);
    if (this.#counts.passed + this.#counts.failed === 0) this.#counts.failed = 1;
  }
}

function countModule(module: TestModule, counts: Counts): void {
  let failed = 0;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') counts.passed += 1;
    else if (state === 'failed') failed += 1;
    else counts.skipped += 1;
  }
  // A module that fails to load, or a hook that throws, fails without a failed test.
  counts.failed += module.state() === 'failed' ? Math.max(1, failed) : failed;
}

function describeCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
