import type { Statement } from '../statement.ts';

/** Deletes deliveries. */
export const DELETE_DELIVERIES: Statement = {
  name: 'delete_deliveries',
  text: `
delete from cronflow.deliveries where id = any($1::text[])
`,
};
