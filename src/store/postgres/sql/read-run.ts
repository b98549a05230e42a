import type { Statement } from '../statement.ts';

/** Reads a row of a job by its id. */
export const READ_RUN: Statement = {
  name: 'read_run',
  text: `
select record from cronflow.runs where job_id = $1 and number = $2 and id = $3
`,
};
