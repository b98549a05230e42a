import type { Statement } from '../statement.ts';

/** Begins to read the outputs of all runs. */
export const DUMP_OUTPUTS: Statement = {
  text: `
declare dump no scroll cursor for
select job_id, run_id, dropped_bytes, text from cronflow.outputs order by run_id
`,
};
