import type { Statement } from '../statement.ts';

/** Drops the settled runs of jobs that ended first, beyond the number that is kept of each, with their outputs. */
export const TRIM_RUNS: Statement = {
  name: 'trim_runs',
  text: `
with trimmed as (
  delete from cronflow.runs r
  using unnest($1::text[], $2::integer[]) as k (job_id, keep),
  lateral (
    select ended_after, number
    from cronflow.runs e
    where e.job_id = k.job_id and e.ended_after is not null
    order by ended_after desc, number desc
    offset k.keep
    limit 1
  ) edge
  where r.job_id = k.job_id
    and r.ended_after is not null
    and (r.ended_after, r.number) <= (edge.ended_after, edge.number)
  returning r.id
)
delete from cronflow.outputs o using trimmed t where o.run_id = t.id
`,
};
