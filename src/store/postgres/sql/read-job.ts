import type { Statement } from '../statement.ts';

/** Reads a job by id. */
export const READ_JOB: Statement = {
  name: 'read_job',
  text: `
select j.record, s.state from cronflow.jobs j join cronflow.states s on s.job_id = j.id where j.id = $1
`,
};
