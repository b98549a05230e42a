import type { Statement } from '../statement.ts';
import { HEAD_ROWS } from './head-rows.ts';

/**
 * Reads of the history of jobs what every ping needs: open runs, the newest row, the newest anonymous one, and the
 * newest rows of run ids, which are given with their jobs. An open run is all of these often, so it is read once.
 */
export const READ_HEADS: Statement = {
  name: 'read_heads',
  text: `
select n.record
from cronflow.states s,
lateral (${HEAD_ROWS}) n
where s.job_id = any($1::text[]) and (n.ended_after is null or n.place = 1)
union all
select n.record
from unnest($1::text[]) as w (job_id),
lateral (
  select ended_after, record
  from cronflow.runs r
  where r.job_id = w.job_id and r.is_anonymous
  order by number desc
  limit 1
) n
where n.ended_after is not null
union all
select r.record
from unnest($2::text[], $3::text[]) as i (job_id, rid)
join cronflow.runs r on r.job_id = i.job_id and r.rid = i.rid
where r.ended_after is not null
`,
};
