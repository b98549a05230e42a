import type { Statement } from '../statement.ts';

/** Locks all lanes, and reads who holds them. */
export const LOCK_LANES: Statement = {
  name: 'lock_lanes',
  text: `
select notifier, owner, token, until_at, note from cronflow.lanes order by notifier for update
`,
};
