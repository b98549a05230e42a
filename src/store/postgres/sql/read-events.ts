import type { Statement } from '../statement.ts';

/** Reads events of a job in the order of their commits, from after one place to another. */
export const READ_EVENTS: Statement = {
  name: 'read_events',
  text: `
select position, at, event::text as event
from cronflow.events
where job_id = $1 and position > $2 and position <= $3
order by position
limit $4
`,
};
