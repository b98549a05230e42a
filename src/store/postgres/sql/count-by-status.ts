import type { Statement } from '../statement.ts';

/** Counts the jobs of each status. It looks at all jobs, because an index by status would cost each ping. */
export const COUNT_BY_STATUS: Statement = {
  name: 'count_by_status',
  text: `
select s.status, count(*) as count
from cronflow.states s
join cronflow.jobs j on j.id = s.job_id
where j.removed_at is null
group by s.status
`,
};
