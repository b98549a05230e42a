import type { Statement } from '../statement.ts';

/** Counts the settled rows of jobs of which nobody knows how many there are. It looks at all their rows. */
export const NOTE_KEPT: Statement = {
  name: 'note_kept',
  text: `
update cronflow.states s
set kept = (
  select count(*) from cronflow.runs r where r.job_id = s.job_id and r.ended_after is not null
)
where s.job_id = any($1::text[])
`,
};
