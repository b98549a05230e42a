import type { Statement } from '../statement.ts';

/** Reads all open incidents in the order in which they were first put. */
export const READ_ALL_OPEN_INCIDENTS: Statement = {
  name: 'read_all_open_incidents',
  text: `
select record from cronflow.incidents where is_open order by position
`,
};
