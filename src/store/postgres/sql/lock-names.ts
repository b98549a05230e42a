import type { Statement } from '../statement.ts';

/**
 * Lets one transaction at a time give names to jobs, or take them away. Two that take the same names in another order
 * would wait for each other, and a name that no job has yet has no row to lock. The number stands for the names.
 */
export const LOCK_NAMES: Statement = {
  text: `
select pg_advisory_xact_lock(7274660905)
`,
};
