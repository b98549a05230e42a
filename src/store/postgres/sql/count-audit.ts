import type { Statement } from '../statement.ts';

/** Counts the entries of the audit log that a filter selects. */
export const COUNT_AUDIT: Statement = {
  text: `
select count(*) as total
from cronflow.audit
where 
  ($1::bigint is null or at >= $1)
  and ($2::bigint is null or at < $2)
  and ($3::text is null or who = $3)
  and ($4::text is null or $4 = any(jobs))
`,
};
