import type { Statement } from '../statement.ts';

/** Notes when the log of commits has last got the records of jobs. */
export const NOTE_BASES: Statement = {
  name: 'note_bases',
  text: `
update cronflow.states set based_at = $2 where job_id = any($1::text[])
`,
};
