import { dueIds } from '../../support/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { textOf } from '../text-of.ts';

const ALL = { skip: 0, limit: 1_000_000 };
/** The simulated parts use these meta values. */
const META_KEYS = ['liveness', 'outages', 'globals', 'configuration'];

/** Writes everything that a store holds as lines that can be compared. */
export async function contentOf(store: Store): Promise<string[]> {
  const lines: string[] = [];
  const add = (name: string, value: unknown): void => void lines.push(`${name} ${textOf(value)}`);
  // Removed jobs count, too, and only a view shows them.
  const jobs = await store.view({ all: true }, (view) => view.jobs());
  for (const job of jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    add('job', job);
    add('days', (await store.daysOf(job.id, ALL)).items);
    for (const run of (await store.runsOf(job.id, ALL)).items) {
      add('run', run);
      if (run.kind !== 'slots' && run.output_bytes > 0)
        add(`output of ${run.id}`, await store.output(job.id, run.id));
    }
  }
  for (const incident of (await store.incidents(ALL)).items) add('incident', incident);
  for (const delivery of (await store.deliveries(ALL)).items) add('delivery', delivery);
  for (const key of META_KEYS) add(key, await store.meta(key));
  add('due', await dueIds(store, Number.MAX_SAFE_INTEGER, 100_000));
  return lines;
}

/** Returns the first line in which two contents differ, for people, or null where they are the same. */
export function firstDifference(expected: readonly string[], found: readonly string[]): string | null {
  for (let index = 0; index < Math.max(expected.length, found.length); index += 1)
    if (expected[index] !== found[index])
      return `answered ${expected[index] ?? 'nothing'}\n  found ${found[index] ?? 'nothing'}`;
  return null;
}
