import type { Statement } from '../statement.ts';

/** Writes the states of new jobs. */
export const INSERT_STATES: Statement = {
  name: 'insert_states',
  text: `
insert into cronflow.states (job_id, state, due_at, status, heads_from, kept)
select * from unnest($1::text[], $2::json[], $3::bigint[], $4::text[], $5::integer[], $6::integer[])
`,
};
