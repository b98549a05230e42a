import type { Statement } from '../statement.ts';

/** Drops the partitions of days before a day. */
export const DROP_EVENTS_BEFORE: Statement = {
  text: `
select cronflow.drop_events_before($1)
`,
};
