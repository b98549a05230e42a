import type { Statement } from '../statement.ts';

/** Deletes meta values that nobody has changed since they were read, and tells which those are. */
export const DELETE_META: Statement = {
  name: 'delete_meta',
  text: `
delete from cronflow.meta m
using unnest($1::text[], $2::bigint[]) as i (key, version)
where m.key = i.key and m.version = i.version
returning m.key
`,
};
