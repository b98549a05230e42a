import type { Statement } from '../statement.ts';

/** Deletes incidents. */
export const DELETE_INCIDENTS: Statement = {
  name: 'delete_incidents',
  text: `
delete from cronflow.incidents where id = any($1::text[])
`,
};
