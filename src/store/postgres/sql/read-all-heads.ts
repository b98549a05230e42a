import type { Statement } from '../statement.ts';

/** Reads the open runs, the newest row and the newest anonymous row of every job. */
export const READ_ALL_HEADS: Statement = {
  name: 'read_all_heads',
  text: `
select record from cronflow.runs where ended_after is null
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
