import type { Statement } from '../statement.ts';

/**
 * Lists rows of all jobs that a filter selects, those that began last first. It looks at no more than so many rows,
 * and says which the last one was. Misses in a row that began before the stretch and went on are found by themselves,
 * and first: they are few, and beside an order by the beginning the database would look at all rows before the stretch.
 */
export const LIST_ALL_RUNS: Statement = {
  text: `
with went_on as materialized (
  select job_id, number, began_at, first_at, last_at, outcome, host
  from cronflow.runs
  where last_at > first_at
    and last_at >= $2
    and began_at < $2
    and ($1::text is null or job_id = $1)
    and ($3::bigint is null or began_at < $3)
    and ($4::bigint is null or (began_at, job_id, number) < ($4, $5::text, $6::integer))
),
looked as (
  select * from (
    (
      select job_id, number, began_at, first_at, last_at, outcome, host
      from cronflow.runs
      where ($1::text is null or job_id = $1)
        and ($2::bigint is null or began_at >= $2)
        and ($3::bigint is null or began_at < $3)
        and ($4::bigint is null or (began_at, job_id, number) < ($4, $5::text, $6::integer))
      order by began_at desc, job_id desc, number desc
      limit $7
    )
    union all
    (select * from went_on order by began_at desc, job_id desc, number desc limit $7)
  ) both_parts
  order by began_at desc, job_id desc, number desc
  limit $7
),
selected as materialized (
  select l.began_at, l.job_id, l.number, j.record
  from looked l
  join cronflow.jobs j on j.id = l.job_id
  where j.removed_at is null
    and ($8::text is null or j."group" = $8)
    and ($9::text is null or j.tags @> array[$9])
    and ($10::text is null or l.outcome = $10)
    and ($11::text is null or l.host = $11)
    and ($2::bigint is null or l.last_at is null or l.last_at >= $2)
    and ($3::bigint is null or l.first_at is null or l.first_at < $3)
  order by l.began_at desc, l.job_id desc, l.number desc
  limit $12
)
(
  select (select count(*) from looked) as looked, l.began_at, l.job_id, l.number, r.record as row, l.record, s.state
  from selected l
  join cronflow.runs r on r.job_id = l.job_id and r.number = l.number
  join cronflow.states s on s.job_id = l.job_id
  order by l.began_at desc, l.job_id desc, l.number desc
)
union all
(
  select (select count(*) from looked), began_at, job_id, number, null, null, null
  from looked
  order by began_at, job_id, number
  limit 1
)
`,
};
