import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { check as Check } from '../../src/cli/check.ts';
import { grownMore, type Work, WorkCounter } from '../support/work.ts';
import { runIn } from './support/io.ts';

const NOW_AT = Date.parse('2026-01-15T12:00:00Z');
const SMALL = 150;
const TIMES = 4;

let directory: string;
let counter: WorkCounter;
let check: typeof Check;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cronflow-growth-'));
  counter = await WorkCounter.start();
  ({ check } = await import('../../src/cli/check.ts'));
});
afterAll(() => {
  counter.stop();
  rmSync(directory, { recursive: true, force: true });
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const jobs = (count: number, job: (i: number) => string): string =>
  `notifiers: {log: {type: log}}\njobs:\n${numbers(count).map(job).join('')}`;
const oneLine = (value: unknown): string => `${JSON.stringify(value)}\n`;
const named = (count: number, value: (i: number) => unknown): Record<string, unknown> =>
  Object.fromEntries(numbers(count).map((i) => [`job-${i}`, value(i)]));

/** Files of a size, by what they hold much of. */
const FILES: Record<string, (count: number) => string> = {
  'jobs without a mistake': (count) =>
    jobs(count, (i) => `  job-${i}:\n    schedule: '${i % 60} 2 * * *'\n    timezone: Europe/Berlin\n`),
  'jobs in short': (count) => jobs(count, (i) => `  job-${i}: '${i % 60} 2 * * *'\n`),
  'jobs with a lint': (count) =>
    jobs(count, (i) => `  job-${i}: {schedule: '* * * * *', grace: ${i + 1}h}\n`),
  'jobs with a mistake each': (count) => jobs(count, (i) => `  job-${i}: {schedul: '${i % 60} 2 * * *'}\n`),
  'jobs with a mistake each, on one line': (count) =>
    oneLine({ jobs: named(count, () => ({ schedul: '@daily' })) }),
  'jobs with a bad schedule each, on one line': (count) =>
    oneLine({ jobs: named(count, (i) => ({ schedule: `0 ${24 + i} * * *` })) }),
  'unknown notifiers in one list': (count) =>
    `jobs: {a: {notify: [${numbers(count)
      .map((i) => `{to: x${i % 30}}`)
      .join(', ')}]}}\n`,
  'the same item in one list': (count) => `jobs: {a: {notify: [${numbers(count).fill(0).join(', ')}]}}\n`,
  'unknown keys of one job': (count) => oneLine({ jobs: { a: named(count, () => 1) } }),
  'mistakes of syntax': (count) =>
    `jobs:\n${numbers(count)
      .map((i) => `  job-${i}: @daily\n`)
      .join('')}`,
  'one long line of text': (count) => oneLine({ jobs: { a: { owner: 'ab: '.repeat(count * 20), x: 1 } } }),
};

async function workFor(file: (count: number) => string, count: number): Promise<Work> {
  const path = join(directory, `${count}.yaml`);
  writeFileSync(path, file(count));
  return counter.of(() => runIn(directory, NOW_AT, (io) => check([path], io)));
}

/** A quadratic block would be run `TIMES` times as often as this. Sorting takes a little more than `TIMES`. */
const GROWTH_MAX = TIMES * 1.5;

async function blocksThatGrowMore(file: (count: number) => string): Promise<string[]> {
  const [small, large] = [await workFor(file, SMALL), await workFor(file, SMALL * TIMES)];
  expect(small.size).toBeGreaterThan(100);
  return grownMore(small, large, GROWTH_MAX, SMALL);
}

describe(`cronflow check of a file ${TIMES} times as large`, () => {
  test.each(Object.entries(FILES))(
    'runs no block of code more than that much more often: %s',
    async (_, file) => {
      // Once before, for what is compiled and remembered.
      await workFor(file, SMALL);
      const found = await blocksThatGrowMore(file);
      // The engine may throw the code of a function away, and how often it ran with it. What grows does so every time.
      const again = found.length === 0 ? [] : await blocksThatGrowMore(file);
      expect(found.filter((block) => again.includes(block))).toEqual([]);
    },
  );
});
