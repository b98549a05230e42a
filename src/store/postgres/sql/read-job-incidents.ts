import type { Statement } from '../statement.ts';

/** Reads all incidents of jobs in the order in which they were first put. */
export const READ_JOB_INCIDENTS: Statement = {
  name: 'read_job_incidents',
  text: `
select record from cronflow.incidents where job_id = any($1::text[]) order by position
`,
};
