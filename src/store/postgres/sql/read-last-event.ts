import type { Statement } from '../statement.ts';

/** Reads the place of the last event of a job. */
export const READ_LAST_EVENT: Statement = {
  name: 'read_last_event',
  text: `
select coalesce(max(position), 0) as position from cronflow.events where job_id = $1
`,
};
