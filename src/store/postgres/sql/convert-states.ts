import type { Statement } from '../statement.ts';

/** Writes the states of jobs anew, which changes whether a job is due as far as the job is not removed. */
export const CONVERT_STATES: Statement = {
  text: `
update cronflow.states s
set state = i.state,
  status = i.status,
  due_at = case when (select j.removed_at from cronflow.jobs j where j.id = s.job_id) is null then i.due_at end
from unnest($1::text[], $2::json[], $3::bigint[], $4::text[]) as i (job_id, state, due_at, status)
where s.job_id = i.job_id
`,
};
