import type { Statement } from '../statement.ts';

/** Reads who holds lanes. */
export const READ_ALL_LANES: Statement = {
  name: 'read_all_lanes',
  text: `
select notifier, owner, token, until_at, note from cronflow.lanes
`,
};
