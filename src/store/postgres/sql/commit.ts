import type { Statement } from '../statement.ts';

/** Ends a transaction. The answer says whether it was committed or, after an error, rolled back. */
export const COMMIT: Statement = {
  text: `
commit
`,
};
