import type { Statement } from '../statement.ts';

/**
 * Reads of the history of jobs what every ping needs: open runs, the newest row, the newest anonymous one, and the
 * newest rows of run ids.
 */
export const READ_HEADS: Statement = {
  name: 'read_heads',
  text: `
with wanted as materialized (
  select unnest($1::text[]) as job_id union select id from cronflow.jobs where name = any($2::text[])
)
select r.record from wanted w join cronflow.runs r on r.job_id = w.job_id and r.ended_after is null
union all
select n.record
from wanted w,
lateral (select record from cronflow.runs r where r.job_id = w.job_id order by number desc limit 1) n
union all
select n.record
from wanted w,
lateral (
  select record from cronflow.runs r where r.job_id = w.job_id and r.is_anonymous order by number desc limit 1
) n
union all
select r.record from wanted w join cronflow.runs r on r.job_id = w.job_id and r.rid = any($3::text[])
`,
};
