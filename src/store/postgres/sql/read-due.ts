import type { Statement } from '../statement.ts';
import { STATE_COLUMNS } from './state-columns.ts';

/** Reads the states of jobs that are due, the earliest first. */
export const READ_DUE: Statement = {
  name: 'read_due',
  text: `
select ${STATE_COLUMNS}
from cronflow.states
where due_at <= $1 and job_id <> all($3::text[])
order by due_at, job_id
limit $2
`,
};
