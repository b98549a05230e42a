import type { Change } from './stream.ts';

/**
 * Returns the names of the jobs that changes are about, each once; null where anything may have changed, so that all
 * jobs must be asked for.
 */
export function changedJobs(changes: readonly Change[]): string[] | null {
  const names = new Set<string>();
  for (const { type, job } of changes) {
    if (type === 'fresh' || type === 'configuration' || type === 'deleted') return null;
    if (job !== null) names.add(job);
  }
  return [...names];
}
