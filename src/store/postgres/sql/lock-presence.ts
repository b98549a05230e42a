import type { Statement } from '../statement.ts';

/**
 * Says that an instance is there, for as long as the connection is open. Several connections of one instance may say
 * it, since one that broke may still stand in the database.
 */
export const LOCK_PRESENCE: Statement = {
  text: `
select pg_advisory_lock_shared($1::bigint)
`,
};
