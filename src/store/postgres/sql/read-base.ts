import type { Statement } from '../statement.ts';

/** Reads the latest records of a job in the log from before an instant, and the oldest of all. */
export const READ_BASE: Statement = {
  name: 'read_base',
  text: `
(
  select at, position, record from cronflow.bases
  where job_id = $1 and at <= $2 and at >= (select from_at from cronflow.log)
  order by position desc limit 1
)
union all
(
  select at, position, record from cronflow.bases
  where job_id = $1 and at >= (select from_at from cronflow.log)
  order by position limit 1
)
`,
};
