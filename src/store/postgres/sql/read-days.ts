import type { Statement } from '../statement.ts';

/** Reads all days of jobs. */
export const READ_DAYS: Statement = {
  name: 'read_days',
  text: `
select record from cronflow.days where job_id = any($1::text[]) order by job_id, date
`,
};
