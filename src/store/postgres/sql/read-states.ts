import type { Statement } from '../statement.ts';
import { STATE_COLUMNS } from './state-columns.ts';

/** Reads the states of jobs by id. */
export const READ_STATES: Statement = {
  name: 'read_states',
  text: `
select ${STATE_COLUMNS}
from cronflow.states
where job_id = any($1::text[])
`,
};
