import type { Statement } from '../statement.ts';

/** Writes what jobs declare that there are. */
export const PUT_JOBS: Statement = {
  name: 'put_jobs',
  text: `
update cronflow.jobs j
set name = i.name,
  removed_at = i.removed_at,
  renamed_at = i.renamed_at,
  "group" = i.group_name,
  tags = array(select json_array_elements_text(i.tags)),
  lower_name = i.lower_name,
  lower_description = i.lower_description,
  record = i.record
from unnest(
  $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::json[], $7::text[], $8::text[], $9::json[]
) as i (id, name, removed_at, renamed_at, group_name, tags, lower_name, lower_description, record)
where j.id = i.id
`,
};
