import type { Statement } from '../statement.ts';

/** Adds the records of jobs to the log of commits, before the events of this commit. */
export const PUT_BASES: Statement = {
  name: 'put_bases',
  text: `
insert into cronflow.bases (job_id, at, position, record)
select
  i.job_id,
  $2::bigint,
  coalesce((select max(position) from cronflow.events e where e.job_id = i.job_id), 0),
  i.record
from unnest($1::text[], $3::json[]) as i (job_id, record)
on conflict (job_id, position) do update set at = excluded.at, record = excluded.record
`,
};
