import type { PastRecords } from '../store.ts';
import type { Tables } from './tables.ts';

/** Returns what tables hold of one job, or null where they hold none of that id. */
export function pastRecordsIn(tables: Tables, jobId: string): PastRecords | null {
  const job = tables.jobById(jobId);
  if (job === undefined) return null;
  return {
    job,
    runs: tables.runs.of(jobId).all(),
    incident: tables.openIncidentsOf(jobId).at(-1) ?? null,
    meta: (key) => tables.meta(key),
  };
}
