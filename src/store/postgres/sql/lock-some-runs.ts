import type { Statement } from '../statement.ts';

/** Locks and reads some rows after a place, to write them anew. */
export const LOCK_SOME_RUNS: Statement = {
  text: `
select job_id as key, number as second, record
from cronflow.runs
where (job_id, number) > ($1, $3::integer)
order by job_id, number
limit $2
for update
`,
};
