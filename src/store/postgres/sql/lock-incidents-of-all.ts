import type { Statement } from '../statement.ts';

/**
 * Locks and reads incidents by id, the open ones of jobs, and the open ones that belong to no job, all in one order. To
 * lock one sort after the other would be to wait in a circle with somebody who has both sorts under their ids.
 */
export const LOCK_INCIDENTS_OF_ALL: Statement = {
  name: 'lock_incidents_of_all',
  text: `
with named as (
  select id from cronflow.incidents where id = any($1::text[])
  union
  select id from cronflow.incidents where is_open and job_id = any($2::text[])
  union
  select id from cronflow.incidents where $3::boolean and is_open and job_id is null
)
select i.record
from named n
join cronflow.incidents i on i.id = n.id
where i.is_open or i.id = any($1::text[])
order by i.position
for update of i
`,
};
