import { LIMITS } from '../model/limits.ts';
import { isGivenUp } from '../model/reasons.ts';
import type { JobState, RememberedRun, Row } from '../model/records.ts';
import { startOf } from '../model/rows.ts';

/**
 * Notes the runs that ended in the state of a job, where the history may soon not hold them any more. A ping that comes
 * twice must change nothing, however short the history is (docs/design.md §3.2).
 * @param rows the rows that an event has changed
 */
export function remember(job: JobState, rows: Iterable<Row>, keepRuns: number): void {
  if (keepRuns >= LIMITS.rememberedRunsMax) {
    delete job.remembered;
    return;
  }
  for (const row of rows) {
    if (row.kind === 'slots' || row.rid === null || row.outcome === null) continue;
    const { rid, id: runId } = row;
    const others = (job.remembered ?? []).filter((each) => each.run_id !== runId);
    const remembered: RememberedRun = {
      rid,
      run_id: runId,
      started_at: startOf(row),
      is_ended: !isGivenUp(row.outcome),
      ended_at: row.ended_at,
    };
    job.remembered = [...others, remembered].slice(-LIMITS.rememberedRunsMax);
  }
}

/** Finds the run of a run id that the history does not hold any more. */
export function rememberedRun(job: JobState, rid: string | null): RememberedRun | undefined {
  return rid === null ? undefined : job.remembered?.findLast((run) => run.rid === rid);
}
