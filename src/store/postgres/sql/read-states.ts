import type { Statement } from '../statement.ts';

/** Reads the states of jobs by id. */
export const READ_STATES: Statement = {
  name: 'read_states',
  text: `
select job_id, based_at, state
from cronflow.states
where job_id = any($1::text[])
`,
};
