import type { Statement } from '../statement.ts';
import { HEAD_ROWS } from './head-rows.ts';

/**
 * Reads the open runs, the newest row and the newest anonymous row of every job. Each job is asked for its own, because
 * no index has those of all, and to look at all rows takes as long as there are rows.
 */
export const READ_ALL_HEADS: Statement = {
  name: 'read_all_heads',
  text: `
select n.record
from cronflow.states s,
lateral (${HEAD_ROWS}) n
where n.ended_after is null or n.place = 1
union all
select n.record
from cronflow.states s,
lateral (
  select record from cronflow.runs r where r.job_id = s.job_id and r.is_anonymous order by number desc limit 1
) n
`,
};
