import type { Statement } from '../statement.ts';

/** Listens for commits of other instances. */
export const LISTEN: Statement = {
  text: `
listen cronflow
`,
};
