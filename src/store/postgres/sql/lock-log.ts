import type { Statement } from '../statement.ts';

/** Tells whether this instance is the one to keep the log in order now. The number stands for the log. */
export const LOCK_LOG: Statement = {
  text: `
select pg_try_advisory_xact_lock(7274660902) as is_locked
`,
};
