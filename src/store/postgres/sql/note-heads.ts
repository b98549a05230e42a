import type { Statement } from '../statement.ts';

/** Notes of each job what a commit of its state notes of its history; see schema 4 and 5. */
export const NOTE_HEADS: Statement = {
  text: `
update cronflow.states s
set state = (' ' || ltrim(s.state::text))::json,
  (heads_from, kept) = (
    select coalesce(min(r.number) filter (where r.ended_after is null), max(r.number), 0), count(r.ended_after)
    from cronflow.runs r
    where r.job_id = s.job_id
  )
`,
};
