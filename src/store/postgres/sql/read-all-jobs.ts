import type { Statement } from '../statement.ts';

/** Reads what all jobs declare, in the order in which they were made. */
export const READ_ALL_JOBS: Statement = {
  name: 'read_all_jobs',
  text: `
select record from cronflow.jobs order by position
`,
};
