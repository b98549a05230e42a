import type { Statement } from '../statement.ts';

/** Locks the open incidents of jobs, and reads them in the order in which they were first put. */
export const LOCK_OPEN_INCIDENTS: Statement = {
  name: 'lock_open_incidents',
  text: `
select record
from cronflow.incidents
where is_open and job_id = any($1::text[])
order by position
for update
`,
};
