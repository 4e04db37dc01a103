import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most of the time of a file is waiting for a cluster; more of them only make each other late on a small machine.
    maxWorkers: 4,
  },
});
