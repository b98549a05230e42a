import type { Statement } from '../statement.ts';

/**
 * Drops the settled runs of jobs that ended first, beyond the number that is kept of each, with their outputs. It is
 * given how many are kept, how many runs are open and how many settled ones are too many, or null where that is not known.
 *
 * Where need be, the index counts the rows. No index has them in the order of their ends, so that an end changes none. But a row never
 * ended before another one of a lower number began. So of as many rows as are too many, those of the lowest numbers say
 * up to which number one can be that ended earlier.
 */
export const TRIM_RUNS: Statement = {
  name: 'trim_runs',
  text: `
with excess as materialized (
  select k.job_id, beyond.count
  from unnest($1::text[], $2::integer[], $3::integer[], $4::integer[]) as k (job_id, keep, open, excess),
  lateral (
    select coalesce(
      k.excess,
      (
        select count(*)
        from (
          select number
          from cronflow.runs e
          where e.job_id = k.job_id
          order by number desc
          offset k.keep + coalesce(
            k.open,
            (select count(*) from cronflow.runs o where o.job_id = k.job_id and o.ended_after is null)
          )
        ) e
      )
    ) as count
    offset 0
  ) beyond
  where beyond.count > 0
),
edges as materialized (
  select x.job_id, x.count, first.last_ended_after
  from excess x,
  lateral (
    select max(f.ended_after) as last_ended_after
    from (
      select ended_after
      from cronflow.runs r
      where r.job_id = x.job_id and r.ended_after is not null
      order by number
      limit x.count
    ) f
  ) first
),
places as materialized (
  select e.job_id, r.number
  from edges e,
  lateral (
    select number
    from cronflow.runs r
    where r.job_id = e.job_id and r.number <= e.last_ended_after + 1 and r.ended_after is not null
    order by ended_after, number
    limit e.count
  ) r
),
trimmed as (
  delete from cronflow.runs r
  using places p
  where r.job_id = p.job_id and r.number = p.number
  returning r.id
)
delete from cronflow.outputs o using trimmed t where o.run_id = t.id
`,
};
