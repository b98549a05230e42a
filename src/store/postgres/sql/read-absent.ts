import type { Statement } from '../statement.ts';

/**
 * Reads which instances have no connection on which they say that they are there. What it locks it lets go of at once,
 * and not as the transaction ends: that ends its locks in no order, and may let the next one look before the last of them.
 */
export const READ_ABSENT: Statement = {
  text: `
select presence
from unnest($1::bigint[]) as i (presence)
where case when pg_try_advisory_lock(presence) then pg_advisory_unlock(presence) else false end
`,
};
