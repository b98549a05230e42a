import type { Statement } from '../statement.ts';

/** Reads the next records of a table. */
export const FETCH_DUMP: Statement = {
  text: `
fetch 500 from dump
`,
};
