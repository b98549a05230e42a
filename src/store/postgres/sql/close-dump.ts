import type { Statement } from '../statement.ts';

/** Ends the reading of a table. */
export const CLOSE_DUMP: Statement = {
  text: `
close dump
`,
};
