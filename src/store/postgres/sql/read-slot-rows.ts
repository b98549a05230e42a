import type { Statement } from '../statement.ts';

/** Reads the rows of jobs that stand for a slot in a stretch of time. */
export const READ_SLOT_ROWS: Statement = {
  text: `
select record from cronflow.runs where job_id = any($1::text[]) and slot_at >= $2 and first_slot_at < $3
`,
};
