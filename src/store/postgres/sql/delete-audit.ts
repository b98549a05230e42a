import type { Statement } from '../statement.ts';

/** Deletes entries of the audit log. */
export const DELETE_AUDIT: Statement = {
  name: 'delete_audit',
  text: `
delete from cronflow.audit where id = any($1::text[])
`,
};
