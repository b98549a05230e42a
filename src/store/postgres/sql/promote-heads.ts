import type { Statement } from '../statement.ts';

/**
 * Lets claims see again whatever may be sent next and is marked as if it may not, as where an instance of an older
 * version has finished the one before it. It looks at all that is pending, so it is not done at each claim.
 */
export const PROMOTE_HEADS: Statement = {
  name: 'promote_heads',
  text: `
update cronflow.deliveries d
set is_behind = false
from (
  select distinct on (notifier, line) id, is_behind, merged_into
  from cronflow.deliveries
  where status = 'pending'
  order by notifier, line, position
) h
where d.id = h.id
  and h.is_behind
  and d.status = 'pending'
  and not exists (select from cronflow.deliveries m where m.id = h.merged_into and m.status = 'pending')
`,
};
