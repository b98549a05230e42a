import type { Statement } from '../statement.ts';

/** Reads which instances have no connection on which they say that they are there. */
export const READ_ABSENT: Statement = {
  text: `
select presence from unnest($1::bigint[]) as i (presence) where pg_try_advisory_xact_lock(presence)
`,
};
