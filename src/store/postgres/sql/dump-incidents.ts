import type { Statement } from '../statement.ts';

/** Begins to read all incidents, in the order in which they came. */
export const DUMP_INCIDENTS: Statement = {
  text: `
declare dump no scroll cursor for
select record from cronflow.incidents order by position
`,
};
