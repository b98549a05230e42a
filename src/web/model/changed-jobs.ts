import { type Change, concernsAll } from './stream.ts';

/**
 * Returns the names of the jobs that changes are about, each once; null where anything may have changed, so that all
 * jobs must be asked for.
 */
export function changedJobs(changes: readonly Change[]): string[] | null {
  const names = new Set<string>();
  for (const change of changes) {
    if (concernsAll(change)) return null;
    if (change.job !== null) names.add(change.job);
  }
  return [...names];
}
