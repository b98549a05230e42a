import type { Statement } from '../statement.ts';

/** Reads the ids of jobs that come after one, in their order. */
export const READ_JOB_IDS: Statement = {
  name: 'read_job_ids',
  text: `
select id from cronflow.jobs where id > $1 order by id limit $2
`,
};
