import type { Statement } from '../statement.ts';

/** Writes the figures of days that there are. */
export const UPDATE_DAYS: Statement = {
  name: 'update_days',
  text: `
update cronflow.days d
set record = i.record
from unnest($1::text[], $2::text[], $3::json[]) as i (job_id, date, record)
where d.job_id = i.job_id and d.date = i.date
`,
};
