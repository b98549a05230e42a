import type { Statement } from '../statement.ts';

/** Reads the meta values of an instant. */
export const READ_META_THEN: Statement = {
  name: 'read_meta_then',
  text: `
select distinct on (key) key, value
from cronflow.meta_history
where at <= $1
order by key, at desc, position desc
`,
};
