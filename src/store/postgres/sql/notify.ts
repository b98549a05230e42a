import type { Statement } from '../statement.ts';

/** Wakes those who listen. */
export const NOTIFY: Statement = {
  text: `
select pg_notify($1, $2)
`,
};
