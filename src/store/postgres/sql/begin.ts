import type { Statement } from '../statement.ts';

/** Begins a transaction that waits for the locks of others and then sees what they wrote. */
export const BEGIN: Statement = {
  text: `
begin isolation level read committed
`,
};
