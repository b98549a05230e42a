import type { Statement } from '../statement.ts';

/** Deletes old events that stand in no partition of a day. */
export const TRIM_EVENTS: Statement = {
  text: `
delete from cronflow.events_rest where at < $1
`,
};
