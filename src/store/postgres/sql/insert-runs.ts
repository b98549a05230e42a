import type { Statement } from '../statement.ts';

/** Writes rows of history that are new. */
export const INSERT_RUNS: Statement = {
  name: 'insert_runs',
  text: `
insert into cronflow.runs (
  job_id, number, id, ended_after, rid, is_anonymous, outcome, host,
  began_at, first_at, last_at, first_slot_at, slot_at, record
)
select * from unnest(
  $1::text[], $2::integer[], $3::text[], $4::integer[], $5::text[], $6::boolean[], $7::text[], $8::text[],
  $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::json[]
)
`,
};
