import type { Statement } from '../statement.ts';

/**
 * Lets claims see the deliveries again that may be sent next, once others are finished: the oldest pending one of each of
 * their lines, and those that were merged into them.
 */
export const PROMOTE_NEXT: Statement = {
  name: 'promote_next',
  text: `
update cronflow.deliveries d
set is_behind = false
from (
  select n.id
  from unnest($1::text[], $2::text[]) as l (notifier, line),
  lateral (
    select id from cronflow.deliveries p
    where p.status = 'pending' and p.notifier = l.notifier and p.line = l.line
    order by p.position
    limit 1
  ) n
  union
  select unnest($3::text[])
) f
where d.id = f.id and d.status = 'pending' and d.is_behind
`,
};
