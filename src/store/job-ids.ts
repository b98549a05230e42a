import type { Store } from './store.ts';

/** Lists the ids of all jobs, so many at a time, for whoever must not hold all jobs at once. */
export async function* jobIdsInParts(store: Store, atOnce: number): AsyncGenerator<string[]> {
  for (let after: string | null = null; ;) {
    const ids: string[] = await store.jobIdsAfter(after, atOnce);
    after = ids.at(-1) ?? null;
    if (after === null) return;
    yield ids;
  }
}
