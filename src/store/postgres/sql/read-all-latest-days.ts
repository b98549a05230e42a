import type { Statement } from '../statement.ts';

/** Reads the two latest days of all jobs. */
export const READ_ALL_LATEST_DAYS: Statement = {
  name: 'read_all_latest_days',
  text: `
select n.record
from cronflow.states s,
lateral (select record from cronflow.days d where d.job_id = s.job_id order by date desc limit 2) n
`,
};
