import type { Statement } from '../statement.ts';

/** Begins to read all deliveries, in the order in which they were put, because the oldest goes first. */
export const DUMP_DELIVERIES: Statement = {
  text: `
declare dump no scroll cursor for
select record from cronflow.deliveries order by position
`,
};
