import type { Statement } from '../statement.ts';

/** Tells whether this instance is the one to write records anew now. The number stands for that. */
export const LOCK_CONVERSION: Statement = {
  text: `
select pg_try_advisory_xact_lock(7274660903) as is_locked
`,
};
