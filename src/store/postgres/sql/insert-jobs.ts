import type { Statement } from '../statement.ts';

/** Writes what new jobs declare, in their order. */
export const INSERT_JOBS: Statement = {
  name: 'insert_jobs',
  text: `
insert into cronflow.jobs
  (id, name, removed_at, renamed_at, "group", tags, lower_name, lower_description, record)
select id, name, removed_at, renamed_at, group_name, array(select json_array_elements_text(tags)),
  lower_name, lower_description, record
from unnest(
  $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::json[], $7::text[], $8::text[], $9::json[]
) with ordinality
  as i (id, name, removed_at, renamed_at, group_name, tags, lower_name, lower_description, record, place)
order by place
`,
};
