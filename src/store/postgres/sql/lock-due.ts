import type { Statement } from '../statement.ts';
import { STATE_COLUMNS } from './state-columns.ts';

/** Locks the states of jobs that are due and that no other transaction has locked, the earliest first. */
export const LOCK_DUE: Statement = {
  name: 'lock_due',
  text: `
select ${STATE_COLUMNS}
from cronflow.states
where due_at <= $1 and job_id <> all($3::text[])
order by due_at, job_id
limit $2
for update skip locked
`,
};
