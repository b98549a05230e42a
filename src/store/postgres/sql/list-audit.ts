import type { Statement } from '../statement.ts';

/**
 * Lists entries of the audit log that a filter selects, the latest first. Of one instant the first by id counts as the
 * newest.
 */
export const LIST_AUDIT: Statement = {
  text: `
select record
from cronflow.audit
where 
  ($1::bigint is null or at >= $1)
  and ($2::bigint is null or at < $2)
  and ($3::text is null or who = $3)
  and ($4::text is null or $4 = any(jobs))
  and ($5::bigint is null or (at <= $5 and (at < $5 or id > $6::text)))
order by at desc, id
offset $7
limit $8
`,
};
