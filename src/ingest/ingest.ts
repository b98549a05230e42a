import type { Actor } from '../core/model/audit.ts';
import type { Declaration } from '../core/model/declaration.ts';
import type { Reason } from '../core/model/reasons.ts';
import type { Incident, Job, Ping } from '../core/model/records.ts';

/** The effect of a ping, which is durable by then. */
export interface PingResult {
  /** The job as the ping has left it. */
  job: Job;
  run_id: string | null;
  reason: Reason;
  /** The name under which the ping came, where the job has another name now. */
  former_name?: string;
  /** The bytes of its output that came and could not be kept; absent where all were kept. */
  output_lost_bytes?: number;
}

/**
 * Makes every change that HTTP may make. Each promise resolves when the change is durable, never before. Whatever changes
 * something but a ping is in the audit log with the same commit, as done by `by`.
 */
export interface Ingest {
  /** @throws CronflowError `unknown_job`, `store_unavailable`, `stopping` */
  ping(name: string, ping: Ping): Promise<PingResult>;
  /**
   * Registers a job of source `api`. With `renamed_from`, another such job goes on under the name.
   * @param declared a valid declaration, as the caller wrote it
   * @throws CronflowError `name_taken`, `too_many_jobs`, `unknown_job` or `job_in_file` of the job to rename,
   *   `store_unavailable`, `stopping`
   */
  register(name: string, declared: Declaration, by?: Actor): Promise<Job>;
  /**
   * Registers a job that is not there, and declares anew one that is. Requests that come at the same time find the same
   * job, so that none of them is told that the name is taken.
   * @param declared a valid declaration, as the caller wrote it
   * @throws CronflowError `too_many_jobs`, `job_in_file`, `store_unavailable`, `stopping`; with `renamed_from` what
   *   `register` throws
   */
  declare(name: string, declared: Declaration, by?: Actor): Promise<{ job: Job; isNew: boolean }>;
  /**
   * Declares a job of source `api` anew. Its history and its open runs and incident stay.
   * @param edit makes the new declaration from the present one, valid, as the caller wrote it; an error that it throws
   *   changes nothing
   * @throws CronflowError `unknown_job`, `job_in_file`, `store_unavailable`, `stopping`
   */
  change(name: string, edit: (declared: Declaration) => Declaration, by?: Actor): Promise<Job>;
  /** @throws CronflowError `unknown_job`, `job_in_file`, `store_unavailable`, `stopping` */
  remove(name: string, by?: Actor): Promise<void>;
  /**
   * Pauses a job. A job that is paused stays so; only the instant changes at which its pause ends by itself.
   * @param untilAt that instant; null for a pause that somebody has to end
   * @throws CronflowError `unknown_job`, `store_unavailable`, `stopping`
   */
  pause(name: string, untilAt?: number | null, by?: Actor): Promise<Job>;
  /**
   * Resumes a job. A job that is not paused stays so, without a change.
   * @throws CronflowError `unknown_job`, `job_in_file` when its file pauses it, `store_unavailable`, `stopping`
   */
  resume(name: string, by?: Actor): Promise<Job>;
  /**
   * Acknowledges an incident.
   * @param untilAt the instant before which nobody is reminded
   * @throws CronflowError `not_found`, `incident_closed`, `store_unavailable`, `stopping`
   */
  acknowledge(incidentId: string, untilAt: number, by?: Actor): Promise<Incident>;
}
