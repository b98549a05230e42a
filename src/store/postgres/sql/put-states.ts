import type { Statement } from '../statement.ts';

/** Writes the states of jobs that there are. */
export const PUT_STATES: Statement = {
  name: 'put_states',
  text: `
update cronflow.states s
set state = i.state, due_at = i.due_at, status = i.status, heads_from = i.heads_from, kept = i.kept
from unnest($1::text[], $2::json[], $3::bigint[], $4::text[], $5::integer[], $6::integer[])
  as i (job_id, state, due_at, status, heads_from, kept)
where s.job_id = i.job_id
`,
};
