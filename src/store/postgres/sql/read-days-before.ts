import type { Statement } from '../statement.ts';

/** Reads days of any jobs from before a date, in the order of the index that finds them. */
export const READ_DAYS_BEFORE: Statement = {
  name: 'read_days_before',
  text: `
select record from cronflow.days where date < $1 order by date, job_id limit $2
`,
};
