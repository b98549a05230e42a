import type { Statement } from '../statement.ts';

/** Locks the open incidents that belong to no job, and reads them in the order in which they were first put. */
export const LOCK_OPEN_SYSTEM_INCIDENTS: Statement = {
  name: 'lock_open_system_incidents',
  text: `
select record from cronflow.incidents where is_open and job_id is null order by position for update
`,
};
