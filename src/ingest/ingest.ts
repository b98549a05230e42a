import type { Declaration } from '../core/model/declaration.ts';
import type { Reason } from '../core/model/reasons.ts';
import type { Incident, Job, Ping } from '../core/model/records.ts';

/** What a ping did, once it is durable. */
export interface PingResult {
  job: string;
  run_id: string | null;
  reason: Reason;
  /** The name it came under, where the job has another one now. */
  former_name?: string;
}

/** Everything HTTP may change. Each promise resolves when the change is durable, never before. */
export interface Ingest {
  /** @throws CronflowError `unknown_job`, `store_unavailable`, `stopping` */
  ping(name: string, ping: Ping): Promise<PingResult>;
  /**
   * Registers a job of source `api`; with `renamed_from`, another such job goes on under the name.
   * @param declared valid, as the caller wrote it
   * @throws CronflowError `name_taken`, `too_many_jobs`, `unknown_job` or `job_in_file` of the job to rename,
   *   `store_unavailable`, `stopping`
   */
  register(name: string, declared: Declaration): Promise<Job>;
  /**
   * Declares a job of source `api` anew; its history and what is open stay.
   * @param edit makes the new declaration of the one that stands, valid, as the caller wrote it; what it throws
   *   changes nothing
   * @throws CronflowError `unknown_job`, `job_in_file`, `store_unavailable`, `stopping`
   */
  change(name: string, edit: (declared: Declaration) => Declaration): Promise<Job>;
  /** @throws CronflowError `unknown_job`, `job_in_file`, `store_unavailable`, `stopping` */
  remove(name: string): Promise<void>;
  /**
   * A paused one stays so, without a change.
   * @throws CronflowError `unknown_job`, `store_unavailable`, `stopping`
   */
  pause(name: string): Promise<Job>;
  /**
   * One that is not paused stays so, without a change.
   * @throws CronflowError `unknown_job`, `job_in_file` when its file pauses it, `store_unavailable`, `stopping`
   */
  resume(name: string): Promise<Job>;
  /**
   * @param untilAt nobody is reminded before
   * @throws CronflowError `not_found`, `incident_closed`, `store_unavailable`, `stopping`
   */
  acknowledge(incidentId: string, untilAt: number): Promise<Incident>;
}
