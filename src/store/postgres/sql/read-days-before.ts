import type { Statement } from '../statement.ts';

/** Reads days of any jobs from before a date. */
export const READ_DAYS_BEFORE: Statement = {
  name: 'read_days_before',
  text: `
select record from cronflow.days where date < $1 order by job_id, date limit $2
`,
};
