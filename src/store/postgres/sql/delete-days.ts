import type { Statement } from '../statement.ts';

/** Deletes the figures of days. */
export const DELETE_DAYS: Statement = {
  name: 'delete_days',
  text: `
delete from cronflow.days d using unnest($1::text[], $2::text[]) as i (job_id, date)
where d.job_id = i.job_id and d.date = i.date
`,
};
