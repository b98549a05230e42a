import type { Statement } from '../statement.ts';

/** Reads what jobs declare, by id or name. It is told apart from their states, which are locked before. */
export const READ_JOBS: Statement = {
  name: 'read_jobs',
  text: `
select record
from cronflow.jobs
where id = any(array(select unnest($1::text[]) union select id from cronflow.jobs where name = any($2::text[])))
`,
};
