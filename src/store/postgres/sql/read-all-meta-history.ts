import type { Statement } from '../statement.ts';

/** Reads all values that the log keeps. */
export const READ_ALL_META_HISTORY: Statement = {
  text: `
select key, at, position, value from cronflow.meta_history
`,
};
