import { STATUSES } from '../../core/model/reasons.ts';
import type { Job } from '../../core/model/records.ts';
import type { Services } from '../services.ts';
import type { Metrics } from './registry.ts';

/** So many jobs have series of their own, the first by name. */
const JOBS_MAX = 1_000;

/** Adds the series of single jobs, which are empty unless `metrics.per_job` of the configuration allows them. */
export function jobMetrics(services: Services, metrics: Metrics): void {
  const { store, counts, perJobMetrics } = services;
  const isAllowed = (): boolean => perJobMetrics?.() ?? false;
  const shown = async (): Promise<readonly Job[]> =>
    isAllowed() && services.metersStore?.() !== false
      ? (await store.listJobs({ skip: 0, limit: JOBS_MAX })).items
      : [];
  metrics.gauge('job_status', 'The status of a job, as a label: 1.', ['job', 'status'], async (gauge) => {
    for (const { name: job, state } of await shown())
      if (STATUSES.includes(state.status)) gauge.set({ job, status: state.status }, 1);
  });
  const success = 'When a run of the job last succeeded; absent for one that never did.';
  metrics.gauge('job_last_success_timestamp_seconds', success, ['job'], async (gauge) => {
    for (const { name: job, state } of await shown())
      if (state.last_success_at !== null) gauge.set({ job }, state.last_success_at / 1000);
  });
  const trouble = 'Whether the job has an open incident: 1, or 0.';
  metrics.gauge('job_in_trouble', trouble, ['job'], async (gauge) => {
    for (const { id, name: job } of await shown())
      gauge.set({ job }, (await store.openIncidentOf(id)) === undefined ? 0 : 1);
  });
  const durations = 'How long runs of the job took whose end was reported, since the start.';
  metrics.histogram('job_run_duration_seconds', durations, () =>
    isAllowed() ? Array.from(counts.runsOfJobs, ([job, each]) => [{ job }, each] as const) : [],
  );
}
