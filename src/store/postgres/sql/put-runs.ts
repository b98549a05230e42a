import type { Statement } from '../statement.ts';

/** Writes rows of history, whether there are such rows or not. */
export const PUT_RUNS: Statement = {
  name: 'put_runs',
  text: `
insert into cronflow.runs (
  job_id, number, id, ended_after, rid, is_anonymous, outcome, host,
  began_at, first_at, last_at, first_slot_at, slot_at, record
)
select * from unnest(
  $1::text[], $2::integer[], $3::text[], $4::integer[], $5::text[], $6::boolean[], $7::text[], $8::text[],
  $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::json[]
)
on conflict (job_id, number) do update set
  id = excluded.id,
  ended_after = excluded.ended_after,
  rid = excluded.rid,
  is_anonymous = excluded.is_anonymous,
  outcome = excluded.outcome,
  host = excluded.host,
  began_at = excluded.began_at,
  first_at = excluded.first_at,
  last_at = excluded.last_at,
  first_slot_at = excluded.first_slot_at,
  slot_at = excluded.slot_at,
  record = excluded.record
`,
};
