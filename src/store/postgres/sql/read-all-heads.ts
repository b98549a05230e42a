import type { Statement } from '../statement.ts';

/**
 * Reads the open runs, the newest row and the newest anonymous row of every job. Each job is asked for its open runs,
 * because no index has those of all, and to look at all rows takes as long as there are rows.
 */
export const READ_ALL_HEADS: Statement = {
  name: 'read_all_heads',
  text: `
select r.record
from cronflow.states s,
lateral (select record from cronflow.runs r where r.job_id = s.job_id and r.ended_after is null offset 0) r
union all
select n.record
from cronflow.states s,
lateral (select record from cronflow.runs r where r.job_id = s.job_id order by number desc limit 1) n
union all
select n.record
from cronflow.states s,
lateral (
  select record from cronflow.runs r where r.job_id = s.job_id and r.is_anonymous order by number desc limit 1
) n
`,
};
