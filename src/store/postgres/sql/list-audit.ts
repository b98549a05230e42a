import type { Statement } from '../statement.ts';
import { AUDIT_SELECTED } from './audit-selected.ts';

/**
 * Lists entries of the audit log that a filter selects, the latest first. Of one instant the first by id counts as the
 * newest.
 */
export const LIST_AUDIT: Statement = {
  text: `
select record
${AUDIT_SELECTED}
  and ($5::bigint is null or (at <= $5 and (at < $5 or id > $6::text)))
order by at desc, id
offset $7
limit $8
`,
};
