import type { Statement } from '../statement.ts';

/**
 * Drops the settled runs of jobs that ended first, beyond the number that is kept of each, with their outputs. The edge
 * of each job is found once and before all else. A plan that looks for it at every run would cost the square of the
 * number that is kept.
 */
export const TRIM_RUNS: Statement = {
  name: 'trim_runs',
  text: `
with edges as materialized (
  select k.job_id, edge.ended_after, edge.number
  from unnest($1::text[], $2::integer[]) as k (job_id, keep),
  lateral (
    select ended_after, number
    from cronflow.runs e
    where e.job_id = k.job_id and e.ended_after is not null
    order by ended_after desc, number desc
    offset k.keep
    limit 1
  ) edge
),
trimmed as (
  delete from cronflow.runs r
  using edges
  where r.job_id = edges.job_id
    and r.ended_after <= edges.ended_after
    and (r.ended_after, r.number) <= (edges.ended_after, edges.number)
  returning r.id
)
delete from cronflow.outputs o using trimmed t where o.run_id = t.id
`,
};
