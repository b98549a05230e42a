import type { Statement } from '../statement.ts';

/** Lists the days of a job, the latest first. */
export const LIST_DAYS: Statement = {
  name: 'list_days',
  text: `
select record from cronflow.days where job_id = $1 order by date desc offset $2 limit $3
`,
};
