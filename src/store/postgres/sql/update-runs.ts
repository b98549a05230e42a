import type { Statement } from '../statement.ts';

/** Writes rows of history that there are. */
export const UPDATE_RUNS: Statement = {
  name: 'update_runs',
  text: `
update cronflow.runs r
set id = i.id,
  ended_after = i.ended_after,
  rid = i.rid,
  is_anonymous = i.is_anonymous,
  outcome = i.outcome,
  host = i.host,
  began_at = i.began_at,
  first_at = i.first_at,
  last_at = i.last_at,
  first_slot_at = i.first_slot_at,
  slot_at = i.slot_at,
  record = i.record
from unnest(
  $1::text[], $2::integer[], $3::text[], $4::integer[], $5::text[], $6::boolean[], $7::text[], $8::text[],
  $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::json[]
) as i (
  job_id, number, id, ended_after, rid, is_anonymous, outcome, host,
  began_at, first_at, last_at, first_slot_at, slot_at, record
)
where r.job_id = i.job_id and r.number = i.number
`,
};
