import type { Statement } from '../statement.ts';

/** Reads the two latest days of jobs, which nearly every tally is about. */
export const READ_LATEST_DAYS: Statement = {
  name: 'read_latest_days',
  text: `
with wanted as materialized (
  select unnest($1::text[]) as job_id union select id from cronflow.jobs where name = any($2::text[])
)
select n.record
from wanted w,
lateral (select record from cronflow.days d where d.job_id = w.job_id order by date desc limit 2) n
`,
};
