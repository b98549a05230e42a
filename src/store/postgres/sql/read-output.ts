import type { Statement } from '../statement.ts';

/** Reads the output of a run. */
export const READ_OUTPUT: Statement = {
  name: 'read_output',
  text: `
select text, dropped_bytes from cronflow.outputs where run_id = $2 and job_id = $1
`,
};
