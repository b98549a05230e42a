import type { Statement } from '../statement.ts';

/** Writes the figures of days. */
export const PUT_DAYS: Statement = {
  name: 'put_days',
  text: `
insert into cronflow.days (job_id, date, record)
select * from unnest($1::text[], $2::text[], $3::json[])
on conflict (job_id, date) do update set record = excluded.record
`,
};
