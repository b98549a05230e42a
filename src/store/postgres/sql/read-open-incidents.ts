import type { Statement } from '../statement.ts';

/** Reads the open incidents of jobs in the order in which they were first put. */
export const READ_OPEN_INCIDENTS: Statement = {
  name: 'read_open_incidents',
  text: `
select record
from cronflow.incidents
where is_open and job_id = any($1::text[])
order by position
`,
};
