import type { Statement } from '../statement.ts';

/** Reads the states of jobs by id or name. */
export const READ_STATES: Statement = {
  name: 'read_states',
  text: `
select job_id, based_at, state
from cronflow.states
where job_id = any(array(select unnest($1::text[]) union select id from cronflow.jobs where name = any($2::text[])))
`,
};
