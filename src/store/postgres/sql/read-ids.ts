import type { Statement } from '../statement.ts';

/** Finds the jobs of names. They are locked afterwards, and may have other names by then. */
export const READ_IDS: Statement = {
  name: 'read_ids',
  text: `
select id, name from cronflow.jobs where name = any($1::text[])
`,
};
