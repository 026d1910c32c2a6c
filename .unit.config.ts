import { defineConfig } from 'vitest/config';
export default defineConfig({ test: { include: ['test/unit/**/*.test.ts'], pool: 'forks', maxWorkers: 1, testTimeout: 60000 } });
