import { defineConfig } from 'vitest/config';
import { HANG_LIMIT_MS, WAIT_LIMIT_MS } from './test/support/limits.ts';

/** Tests that start processes in numbers: whole services, shells, commands that are killed again and again. */
const PROCESSES = [
  'test/acceptance/**/*.test.ts',
  'test/cli/commands.test.ts',
  'test/cli/import-corpus.test.ts',
  'test/scripts/**/*.test.ts',
  'test/store/lowdb/kill.test.ts',
];

const limits = {
  testTimeout: HANG_LIMIT_MS,
  hookTimeout: HANG_LIMIT_MS,
  expect: { poll: { timeout: WAIT_LIMIT_MS, interval: 20 } },
};

export default defineConfig({
  test: {
    // Builds the program once before any test, and looks after the last one for what was left behind.
    globalSetup: ['test/support/whole-run.ts'],
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: PROCESSES,
          ...limits,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // These take turns once the others are done, so that the suite does not overload the machine by itself.
        test: {
          name: 'processes',
          include: PROCESSES,
          ...limits,
          maxWorkers: 1,
          maxConcurrency: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
