import type { Statement } from '../statement.ts';

/** Reads the runs of all jobs that ended last, at most so many of each. */
export const READ_ALL_RECENT_RUNS: Statement = {
  name: 'read_all_recent_runs',
  text: `
select n.record
from cronflow.states s,
lateral (
  select record from cronflow.runs r
  where r.job_id = s.job_id and r.ended_after is not null
  order by ended_after desc, number desc
  limit $1
) n
`,
};
