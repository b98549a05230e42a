import type { Statement } from '../statement.ts';

/** Reads ids of entries of the audit log from before an instant, the oldest first. */
export const READ_AUDIT_BEFORE: Statement = {
  name: 'read_audit_before',
  text: `
select id from cronflow.audit where at < $1 order by position limit $2
`,
};
