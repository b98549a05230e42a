import type { Statement } from '../statement.ts';

/** Counts the days of a job. */
export const COUNT_DAYS: Statement = {
  name: 'count_days',
  text: `
select count(*) as total from cronflow.days where job_id = $1
`,
};
