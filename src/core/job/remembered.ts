import { LIMITS } from '../model/limits.ts';
import { isGivenUp } from '../model/reasons.ts';
import type { JobState, RememberedRun, Run } from '../model/records.ts';

/**
 * Notes the runs that ended in the state of a job, where the history may soon not hold them any more. A ping that comes
 * twice must change nothing, however short the history is (docs/design.md §3.2).
 * @param runs the runs that an event has changed
 */
export function remember(job: JobState, runs: Iterable<Run>, keepRuns: number): void {
  if (keepRuns >= LIMITS.rememberedRunsMax) {
    delete job.remembered;
    return;
  }
  for (const run of runs) {
    if (run.rid === null || run.outcome === null) continue;
    const { rid, id: runId, started_at: startedAt } = run;
    const others = (job.remembered ?? []).filter((each) => each.run_id !== runId);
    const remembered: RememberedRun = {
      rid,
      run_id: runId,
      started_at: startedAt,
      is_ended: !isGivenUp(run.outcome),
      ended_at: run.ended_at,
    };
    job.remembered = [...others, remembered].slice(-LIMITS.rememberedRunsMax);
  }
}

/** Finds the run of a run id that the history does not hold any more. */
export function rememberedRun(job: JobState, rid: string | null): RememberedRun | undefined {
  return rid === null ? undefined : job.remembered?.findLast((run) => run.rid === rid);
}
