import type { Statement } from '../statement.ts';

/** Writes the outputs of runs that are kept. */
export const PUT_OUTPUTS: Statement = {
  name: 'put_outputs',
  text: `
insert into cronflow.outputs (run_id, job_id, dropped_bytes, text)
select i.run_id, i.job_id, i.dropped_bytes, i.text
from unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::bytea[])
  as i (run_id, job_id, number, dropped_bytes, text)
where exists (select from cronflow.runs r where r.job_id = i.job_id and r.number = i.number)
on conflict (run_id) do update set
  job_id = excluded.job_id,
  dropped_bytes = excluded.dropped_bytes,
  text = excluded.text
`,
};
