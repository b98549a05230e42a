import type { Statement } from '../statement.ts';

/** Locks and reads some rows after a place, to write them anew. */
export const LOCK_SOME_STATES: Statement = {
  text: `
select job_id as key, state as record
from cronflow.states
where job_id > $1
order by job_id
limit $2
for update
`,
};
