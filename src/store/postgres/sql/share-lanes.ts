import type { Statement } from '../statement.ts';

/** Reads who holds lanes, and lets nobody take one over until the transaction ends. */
export const SHARE_LANES: Statement = {
  name: 'share_lanes',
  text: `
select notifier, owner, token, until_at, note from cronflow.lanes where notifier = any($1::text[]) order by notifier for share
`,
};
