import type { Statement } from '../statement.ts';

/** Deletes jobs with all that belongs to them, but for their part of the log of commits. */
export const DELETE_JOBS: Statement = {
  name: 'delete_jobs',
  text: `
with
  runs_gone as (delete from cronflow.runs where job_id = any($1::text[])),
  days_gone as (delete from cronflow.days where job_id = any($1::text[])),
  incidents_gone as (delete from cronflow.incidents where job_id = any($1::text[])),
  deliveries_gone as (delete from cronflow.deliveries where job_id = any($1::text[])),
  outputs_gone as (delete from cronflow.outputs where job_id = any($1::text[])),
  states_gone as (delete from cronflow.states where job_id = any($1::text[]))
delete from cronflow.jobs where id = any($1::text[])
`,
};
