import type { Statement } from '../statement.ts';

/** Begins a transaction that sees one instant and changes nothing. */
export const BEGIN_READ: Statement = {
  text: `
begin isolation level repeatable read, read only
`,
};
