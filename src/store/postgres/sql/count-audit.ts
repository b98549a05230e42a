import type { Statement } from '../statement.ts';
import { AUDIT_SELECTED } from './audit-selected.ts';

/** Counts the entries of the audit log that a filter selects. */
export const COUNT_AUDIT: Statement = {
  text: `
select count(*) as total
${AUDIT_SELECTED}
`,
};
