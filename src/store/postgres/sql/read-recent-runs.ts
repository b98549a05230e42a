import type { Statement } from '../statement.ts';

/** Reads the runs of jobs that ended last, at most so many of each. */
export const READ_RECENT_RUNS: Statement = {
  name: 'read_recent_runs',
  text: `
select n.record
from unnest($1::text[]) as w (job_id),
lateral (
  select record from cronflow.runs r
  where r.job_id = w.job_id and r.ended_after is not null
  order by ended_after desc, number desc
  limit $2
) n
`,
};
