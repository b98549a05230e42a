import type { Statement } from '../statement.ts';

/** Reads all rows of jobs. */
export const READ_ALL_RUNS: Statement = {
  name: 'read_all_runs',
  text: `
select record from cronflow.runs where job_id = any($1::text[]) order by job_id, number
`,
};
