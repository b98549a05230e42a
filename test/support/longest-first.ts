import { existsSync } from 'node:fs';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest of those that start processes, the longest first. A long one that began last would run
 * alone at the end, while the other core has nothing to do. A fresh clone knows no durations, so they are named here.
 */
const LONGEST = [
  'test/acceptance/chaos.test.ts',
  'test/acceptance/npm-start.test.ts',
  'test/acceptance/serve.test.ts',
  'test/scripts/options.test.ts',
  'test/scripts/output.test.ts',
  'test/scripts/outage.test.ts',
  'test/acceptance/rolling-upgrade.test.ts',
  'test/acceptance/kill-deliveries.test.ts',
  'test/acceptance/outage.test.ts',
  'test/cli/import-corpus.test.ts',
  'test/acceptance/kill.test.ts',
  'test/scripts/compare/compare.test.ts',
  'test/acceptance/configuration.test.ts',
];
for (const path of LONGEST) {
  if (!existsSync(new URL(`../../${path}`, import.meta.url)))
    throw new Error(`there is no ${path}: change the list in test/support/longest-first.ts`);
}

/** Starts the longest files of each group first, and leaves the order of the others to vitest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b));
  }
}

function groupOf(file: TestSpecification): number {
  return file.project.config.sequence.groupOrder;
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((path) => moduleId.endsWith(`/${path}`));
  return rank === -1 ? LONGEST.length : rank;
}
