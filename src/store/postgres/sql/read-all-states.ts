import type { Statement } from '../statement.ts';
import { STATE_COLUMNS } from './state-columns.ts';

/** Reads the states of all jobs. */
export const READ_ALL_STATES: Statement = {
  name: 'read_all_states',
  text: `
select ${STATE_COLUMNS} from cronflow.states
`,
};
