import { defineConfig } from 'vitest/config';

/** Apart from the other checks of the deployment: it builds images, which takes minutes, and needs root. */
export default defineConfig({
  test: {
    include: ['test/deploy/image/**/*.check.ts'],
    globalSetup: ['test/support/global-setup.ts', 'test/deploy/image/global-setup.ts'],
    reporters: ['default', './test/support/count-reporter.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
