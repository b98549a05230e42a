import { CronflowError } from '../core/model/errors.ts';
import type { Job } from '../core/model/records.ts';
import type { Tx } from '../store/store.ts';
import { applyEvent, specOfJob } from './events.ts';

/**
 * Pauses a job of any source. Its file may change meanwhile (docs/design.md §3.3). Pausing again changes only when the
 * pause ends by itself.
 * @param untilAt null for a pause that somebody has to end
 */
export function pauseJob(tx: Tx, job: Job, untilAt: number | null, at: number): void {
  const { paused_by_api: isPaused, paused_until_at: endsAt = null } = job.state;
  if (isPaused && endsAt === untilAt) return;
  applyEvent(tx, job, { type: 'paused', at, ...(untilAt === null ? {} : { until_at: untilAt }) });
}

/**
 * Ends a pause, also that of a job which was registered paused.
 * @throws CronflowError `job_in_file` when the file of the job says that it is paused
 */
export function resumeJob(tx: Tx, job: Job, at: number): void {
  const isDeclared = job.declaration.paused ?? false;
  if (isDeclared && job.source === 'file') {
    throw new CronflowError(
      'job_in_file',
      `Job "${job.name}" is paused in ${placeOf(job)}. Resume it there.`,
    );
  }
  if (job.state.paused_by_api) applyEvent(tx, job, { type: 'resumed', at });
  if (!isDeclared) return;
  const paused = tx.jobById(job.id) ?? job;
  const previous = specOfJob(tx, paused);
  const resumed: Job = {
    ...paused,
    declared: { ...job.declared, paused: false },
    declaration: { ...job.declaration, paused: false },
    updated_at: at,
  };
  applyEvent(tx, resumed, { type: 'spec_changed', at, previous });
}

/** Says for people where a job of a file is declared. */
export function placeOf(job: Job): string {
  return job.place === null ? 'a file' : `${job.place.file}, line ${job.place.line}`;
}
