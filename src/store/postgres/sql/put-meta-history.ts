import type { Statement } from '../statement.ts';

/** Keeps meta values for as long as the log of commits, because what an event did depends on some. */
export const PUT_META_HISTORY: Statement = {
  name: 'put_meta_history',
  text: `
insert into cronflow.meta_history (key, at, value)
select key, $2::bigint, value from unnest($1::text[], $3::json[]) as i (key, value)
`,
};
