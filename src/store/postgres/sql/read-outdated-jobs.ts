import type { Statement } from '../statement.ts';

/** Reads ids of jobs that were removed, or gave up a name, long ago. */
export const READ_OUTDATED_JOBS: Statement = {
  name: 'read_outdated_jobs',
  text: `
select id from cronflow.jobs where removed_at < $1 or renamed_at < $2 limit $3
`,
};
