import type { Statement } from '../statement.ts';

/** Adds entries to the audit log, in their order. */
export const PUT_AUDIT: Statement = {
  name: 'put_audit',
  text: `
insert into cronflow.audit (id, at, who, jobs, record)
select id, at, who, array(select json_array_elements_text(jobs)), record
from unnest($1::text[], $2::bigint[], $3::text[], $4::json[], $5::json[])
  with ordinality as i (id, at, who, jobs, record, place)
order by place
on conflict (id) do update set at = excluded.at, who = excluded.who, jobs = excluded.jobs, record = excluded.record
`,
};
