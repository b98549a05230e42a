import type { Statement } from '../statement.ts';

/** Deletes outputs. */
export const DELETE_OUTPUTS: Statement = {
  name: 'delete_outputs',
  text: `
delete from cronflow.outputs where run_id = any($1::text[])
`,
};
