import type { Statement } from '../statement.ts';

/** Gives values that the log keeps other keys and forms. */
export const CONVERT_META_HISTORY: Statement = {
  text: `
update cronflow.meta_history m
set key = i.new_key, value = i.value
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::json[]) as i (key, at, position, new_key, value)
where m.key = i.key and m.at = i.at and m.position = i.position
`,
};
