import type { Statement } from '../statement.ts';

/**
 * Waits for a transaction that changes all jobs, as the lock of a job does. A transaction that locks no job asks for this
 * first: else it may hold something for which that one waits, and wait for that one.
 */
export const SHARE_ALL: Statement = {
  text: `
lock table cronflow.states in row share mode
`,
};
