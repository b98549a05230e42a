import type { Statement } from '../statement.ts';

/** Reads incidents by id. */
export const READ_INCIDENTS: Statement = {
  name: 'read_incidents',
  text: `
select record from cronflow.incidents where id = any($1::text[]) order by position
`,
};
