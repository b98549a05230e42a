import type { Statement } from '../statement.ts';

/** Reads who holds lanes. */
export const READ_LANES: Statement = {
  name: 'read_lanes',
  text: `
select notifier, owner, token, until_at, note from cronflow.lanes where notifier = any($1::text[])
`,
};
