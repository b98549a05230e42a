import type { Statement } from '../statement.ts';

/** Reads a job that is not removed by its name. */
export const READ_JOB_BY_NAME: Statement = {
  name: 'read_job_by_name',
  text: `
select j.record, s.state
from cronflow.jobs j join cronflow.states s on s.job_id = j.id
where j.name = $1 and j.removed_at is null
`,
};
