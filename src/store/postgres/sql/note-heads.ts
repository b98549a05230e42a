import type { Statement } from '../statement.ts';

/** Notes of each job where its open runs are, as a commit of its state does; see schema 4. */
export const NOTE_HEADS: Statement = {
  text: `
update cronflow.states s
set state = (' ' || ltrim(s.state::text))::json,
  heads_from = coalesce(
    (select min(r.number) from cronflow.runs r where r.job_id = s.job_id and r.ended_after is null),
    (select max(r.number) from cronflow.runs r where r.job_id = s.job_id),
    0
  )
`,
};
