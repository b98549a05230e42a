import type { Statement } from '../statement.ts';

/** Reads all deliveries of jobs in the order in which they were first put. */
export const READ_JOB_DELIVERIES: Statement = {
  name: 'read_job_deliveries',
  text: `
select record from cronflow.deliveries where job_id = any($1::text[]) order by position
`,
};
