import type { Statement } from '../statement.ts';

/** Drops the oldest entries of the audit log beyond a number. */
export const TRIM_AUDIT: Statement = {
  name: 'trim_audit',
  text: `
delete from cronflow.audit
where position <= (select position from cronflow.audit order by position desc offset $1 limit 1)
`,
};
