import type { Statement } from '../statement.ts';

/** Writes meta values that nobody has changed since they were read, and tells which those are. */
export const UPDATE_META: Statement = {
  name: 'update_meta',
  text: `
update cronflow.meta m
set value = i.value, version = m.version + 1
from unnest($1::text[], $2::bigint[], $3::json[]) as i (key, version, value)
where m.key = i.key and m.version = i.version
returning m.key
`,
};
