import type { Statement } from '../statement.ts';

/** Reads the open incidents that belong to no job in the order in which they were first put. */
export const READ_SYSTEM_INCIDENTS: Statement = {
  name: 'read_system_incidents',
  text: `
select record from cronflow.incidents where is_open and job_id is null order by position
`,
};
