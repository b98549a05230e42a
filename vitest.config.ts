import { defineConfig } from 'vitest/config';
import { HANG_LIMIT_MS, WAIT_LIMIT_MS } from './test/support/limits.ts';
import { LongestFirst } from './test/support/longest-first.ts';

/** Tests that start whole services, commands and browsers. */
const SERVICES = [
  'test/acceptance/**/*.test.ts',
  'test/cli/commands.test.ts',
  'test/docs/blocks.test.ts',
  'test/store/lowdb/kill.test.ts',
  'test/web/browser/**/*.test.ts',
];

/** Tests that start shells in numbers. */
const SHELLS = ['test/cli/import-corpus.test.ts', 'test/scripts/**/*.test.ts'];

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
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [...SERVICES, ...SHELLS],
          ...limits,
          // Files share two processes. A process for each file costs about a second of a core, most of it to load the
          // same modules again, and there are some 170 files. Tests replace no module and set no global.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      // What starts processes comes once the others are done: three files at a time, each with one service or two shells.
      // A service computes and a shell mostly waits, so beside each other they leave neither core idle nor overload it.
      {
        test: {
          name: 'services',
          include: SERVICES,
          ...limits,
          maxWorkers: 3,
          maxConcurrency: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'shells',
          include: SHELLS,
          ...limits,
          maxWorkers: 3,
          maxConcurrency: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
