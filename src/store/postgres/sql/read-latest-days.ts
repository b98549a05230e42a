import type { Statement } from '../statement.ts';

/** Reads the two latest days of jobs, which nearly every tally is about. */
export const READ_LATEST_DAYS: Statement = {
  name: 'read_latest_days',
  text: `
select n.record
from unnest($1::text[]) as w (job_id),
lateral (select record from cronflow.days d where d.job_id = w.job_id order by date desc limit 2) n
`,
};
