import type { Statement } from '../statement.ts';

/** Reads what jobs declare, by id. It is told apart from their states, which are locked before. */
export const READ_JOBS: Statement = {
  name: 'read_jobs',
  text: `
select record
from cronflow.jobs
where id = any($1::text[])
`,
};
