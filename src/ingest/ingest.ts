import type { Declaration } from '../core/declaration.ts';
import type { Job, Ping } from '../core/model.ts';
import type { Reason } from '../core/reasons.ts';

/** What a ping did, once it is durable. */
export interface PingResult {
  job: string;
  run_id: string | null;
  reason: Reason;
}

/** Everything HTTP may change. Each promise resolves when the change is durable, never before. */
export interface Ingest {
  /** @throws CronflowError `unknown_job`, `store_unavailable`, `stopping` */
  ping(name: string, ping: Ping): Promise<PingResult>;
  /**
   * Registers a job of source `api`.
   * @param declared valid, as the caller wrote it
   * @throws CronflowError `name_taken`, `too_many_jobs`, `store_unavailable`, `stopping`
   */
  register(name: string, declared: Declaration): Promise<Job>;
  /** @throws CronflowError `unknown_job`, `job_in_file`, `store_unavailable`, `stopping` */
  remove(name: string): Promise<void>;
}
