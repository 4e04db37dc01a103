import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most of the time of a file is waiting for a cluster.
    maxWorkers: 8,
    // The files of a worker share what they import: to read it anew for each took a third of the run.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    maxConcurrency: 12,
  },
});
