import type { Statement } from '../statement.ts';

/** Locks incidents by id, and reads them. */
export const LOCK_INCIDENTS: Statement = {
  name: 'lock_incidents',
  text: `
select record from cronflow.incidents where id = any($1::text[]) order by position for update
`,
};
