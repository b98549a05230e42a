import type { Statement } from '../statement.ts';

/** Deletes deliveries, and lets claims see again what waited for them. */
export const DELETE_DELIVERIES: Statement = {
  name: 'delete_deliveries',
  text: `
with gone as (
  delete from cronflow.deliveries where id = any($1::text[]) returning notifier, line
)
update cronflow.deliveries d
set is_behind = false
from (
  select p.id from gone g join cronflow.deliveries p on p.notifier = g.notifier and p.line = g.line
  where p.status = 'pending'
  union
  select m.id from cronflow.deliveries m where m.merged_into = any($1::text[]) and m.status = 'pending'
) f
where d.id = f.id and d.is_behind and d.id <> all($1::text[])
`,
};
