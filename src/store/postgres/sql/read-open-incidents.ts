import type { Statement } from '../statement.ts';

/** Reads the open incidents of jobs in the order in which they were first put. */
export const READ_OPEN_INCIDENTS: Statement = {
  name: 'read_open_incidents',
  text: `
select record
from cronflow.incidents
where is_open and job_id = any(array(select unnest($1::text[]) union select id from cronflow.jobs where name = any($2::text[])))
order by position
`,
};
