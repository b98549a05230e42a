import type { Statement } from '../statement.ts';

/** Writes incidents, the new ones in their order. */
export const PUT_INCIDENTS: Statement = {
  name: 'put_incidents',
  text: `
insert into cronflow.incidents (id, job_id, opened_at, is_open, record)
select id, job_id, opened_at, is_open, record
from unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::json[])
  with ordinality as i (id, job_id, opened_at, is_open, record, place)
order by place
on conflict (id) do update set
  job_id = excluded.job_id,
  opened_at = excluded.opened_at,
  is_open = excluded.is_open,
  record = excluded.record
`,
};
