import type { Statement } from '../statement.ts';

/** Reads the open incident of a job; of several the one that was put last. */
export const READ_OPEN_INCIDENT: Statement = {
  name: 'read_open_incident',
  text: `
select record from cronflow.incidents where is_open and job_id = $1 order by position desc limit 1
`,
};
