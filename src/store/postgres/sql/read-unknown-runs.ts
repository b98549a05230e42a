import type { Statement } from '../statement.ts';

/** Reads the runs of jobs that ended last, at most so many of each, where one of these ended `unknown`. */
export const READ_UNKNOWN_RUNS: Statement = {
  name: 'read_unknown_runs',
  text: `
select n.record
from unnest($1::text[]) as w (job_id),
lateral (
  select record, outcome, bool_or(outcome = 'unknown') over () as is_any_unknown
  from (
    select record, outcome from cronflow.runs r
    where r.job_id = w.job_id and r.ended_after is not null
    order by ended_after desc, number desc
    limit $2
  ) latest
) n
where n.is_any_unknown
`,
};
