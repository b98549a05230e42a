import type { Statement } from '../statement.ts';

/** Reads deliveries by id. */
export const READ_DELIVERIES: Statement = {
  name: 'read_deliveries',
  text: `
select record from cronflow.deliveries where id = any($1::text[]) order by position
`,
};
