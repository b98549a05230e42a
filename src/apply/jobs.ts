import { randomUUID } from 'node:crypto';
import { initialState } from '../core/job/transition.ts';
import type { Job } from '../core/model/records.ts';
import type { Tx } from '../store/store.ts';
import { applyEvent, specOfJob } from './events.ts';

/** Stores a job with a fresh id and the state of a job that is declared now. */
export function addJob(tx: Tx, fields: Omit<Job, 'id' | 'state'>): void {
  const job = { ...fields, id: randomUUID() } as Job;
  const spec = specOfJob(tx, job);
  const at = fields.created_at;
  tx.putJob({ ...job, state: initialState(spec, at) });
  tx.logEvent(job.id, { type: 'declared', at, spec });
}

/** Ends the watching of a job. Its history is kept until housekeeping removes it (docs/design.md §5). */
export function removeJob(tx: Tx, job: Job, at: number): void {
  applyEvent(tx, job, { type: 'removed', at });
  const removed = tx.jobById(job.id);
  if (removed !== undefined) tx.putJob({ ...removed, removed_at: at, updated_at: at });
}
