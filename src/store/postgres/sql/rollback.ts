import type { Statement } from '../statement.ts';

/** Ends a transaction that changes nothing. */
export const ROLLBACK: Statement = {
  text: `
rollback
`,
};
