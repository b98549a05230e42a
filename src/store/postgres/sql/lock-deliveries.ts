import type { Statement } from '../statement.ts';

/** Locks deliveries by id, and reads them. */
export const LOCK_DELIVERIES: Statement = {
  name: 'lock_deliveries',
  text: `
select record from cronflow.deliveries where id = any($1::text[]) order by position for update
`,
};
