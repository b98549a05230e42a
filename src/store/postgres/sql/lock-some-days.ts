import type { Statement } from '../statement.ts';

/** Locks and reads some rows after a place, to write them anew. */
export const LOCK_SOME_DAYS: Statement = {
  text: `
select job_id as key, date as second, record
from cronflow.days
where (job_id, date) > ($1, $3::text collate "C")
order by job_id, date
limit $2
for update
`,
};
