import type { Statement } from '../statement.ts';

/** Begins to read the audit log, in the order in which it was written. */
export const DUMP_AUDIT: Statement = {
  text: `
declare dump no scroll cursor for
select record from cronflow.audit order by position
`,
};
