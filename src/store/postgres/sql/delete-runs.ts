import type { Statement } from '../statement.ts';

/** Deletes rows of history by their ids. */
export const DELETE_RUNS: Statement = {
  name: 'delete_runs',
  text: `
delete from cronflow.runs r
using unnest($1::text[], $2::integer[], $3::text[]) as i (job_id, number, id)
where r.job_id = i.job_id and r.number = i.number and r.id = i.id
`,
};
