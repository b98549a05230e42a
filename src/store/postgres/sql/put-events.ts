import type { Statement } from '../statement.ts';

/** Adds events to the log of commits, in their order. */
export const PUT_EVENTS: Statement = {
  name: 'put_events',
  text: `
insert into cronflow.events (job_id, at, event)
select job_id, $2::bigint, event
from unnest($1::text[], $3::json[]) with ordinality as i (job_id, event, place)
order by place
`,
};
