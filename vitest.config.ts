import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most of the time of a file is waiting for a cluster; a real one has its own work to do (test:cluster takes fewer).
    maxWorkers: 6,
    // The files of a worker share what they import: to read it anew for each took a third of the run.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    maxConcurrency: 12,
  },
});
