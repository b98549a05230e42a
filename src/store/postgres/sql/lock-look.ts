import type { Statement } from '../statement.ts';

/**
 * Lets one instance at a time look which others are there. It takes their locks to find out, and two that look at once
 * would take each other for the one that they look for. The number stands for the look.
 */
export const LOCK_LOOK: Statement = {
  text: `
select pg_advisory_xact_lock(7274660904)
`,
};
