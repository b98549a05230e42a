import type { Statement } from '../statement.ts';

/** Reads how far the rows of each table are written anew. */
export const READ_CONVERSIONS: Statement = {
  text: `
select "table", version, place from cronflow.conversions
`,
};
