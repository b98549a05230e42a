import type { Statement } from '../statement.ts';

/** Begins to read the figures of all days. */
export const DUMP_DAYS: Statement = {
  text: `
declare dump no scroll cursor for
select record from cronflow.days order by job_id, date
`,
};
