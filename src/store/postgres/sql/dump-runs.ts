import type { Statement } from '../statement.ts';

/** Begins to read all rows of history, those of each job by their numbers. */
export const DUMP_RUNS: Statement = {
  text: `
declare dump no scroll cursor for
select record from cronflow.runs order by job_id, number
`,
};
