import type { Statement } from '../statement.ts';

/** Writes meta values of new keys. */
export const INSERT_META: Statement = {
  name: 'insert_meta',
  text: `
insert into cronflow.meta (key, version, value)
select key, 1, value from unnest($1::text[], $2::json[]) as i (key, value)
`,
};
