import type { Statement } from '../statement.ts';

/** Begins to read all jobs, with their states, in the order in which they came. */
export const DUMP_JOBS: Statement = {
  text: `
declare dump no scroll cursor for
select j.record, s.state from cronflow.jobs j join cronflow.states s on s.job_id = j.id order by j.position
`,
};
