import type { Statement } from '../statement.ts';

/** Deletes records of jobs from before the log begins. */
export const DROP_BASES: Statement = {
  text: `
delete from cronflow.bases where at < $1
`,
};
