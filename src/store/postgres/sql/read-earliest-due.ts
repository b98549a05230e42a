import type { Statement } from '../statement.ts';

/** Reads when the next job is due, of all but some. */
export const READ_EARLIEST_DUE: Statement = {
  name: 'read_earliest_due',
  text: `
select due_at
from cronflow.states
where due_at is not null and job_id <> all($1::text[])
order by due_at
limit 1
`,
};
