import type { Statement } from '../statement.ts';

/** Gives values other keys and forms. Whoever has read one of them notices that it was changed. */
export const CONVERT_META: Statement = {
  text: `
update cronflow.meta m
set key = i.new_key, value = i.value, version = m.version + 1
from unnest($1::text[], $2::text[], $3::json[]) as i (key, new_key, value)
where m.key = i.key
`,
};
