import type { Statement } from '../statement.ts';
import { STATE_COLUMNS } from './state-columns.ts';

/** Locks the states of jobs by id, always in the order of the ids, and reads them as they are then. */
export const LOCK_STATES: Statement = {
  name: 'lock_states',
  text: `
select ${STATE_COLUMNS}
from cronflow.states
where job_id = any($1::text[])
order by job_id
for update
`,
};
