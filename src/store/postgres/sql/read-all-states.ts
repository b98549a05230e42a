import type { Statement } from '../statement.ts';

/** Reads the states of all jobs. */
export const READ_ALL_STATES: Statement = {
  name: 'read_all_states',
  text: `
select job_id, based_at, state from cronflow.states
`,
};
