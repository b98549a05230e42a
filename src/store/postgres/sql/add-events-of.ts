import type { Statement } from '../statement.ts';

/** Makes the partition for the events of a day, unless there is one. */
export const ADD_EVENTS_OF: Statement = {
  text: `
select cronflow.add_events_of($1, $2, $3)
`,
};
