import type { Statement } from '../statement.ts';

/** Deletes deliveries, and lets claims see again what waited for them, as `PROMOTE_NEXT` does. */
export const DELETE_DELIVERIES: Statement = {
  name: 'delete_deliveries',
  text: `
with gone as (
  delete from cronflow.deliveries where id = any($1::text[]) returning notifier, line
),
next as (
  select p.id from gone g join cronflow.deliveries p on p.notifier = g.notifier and p.line = g.line
  where p.status = 'pending'
  union
  select m.id from cronflow.deliveries m where m.merged_into = any($1::text[]) and m.status = 'pending'
),
free as materialized (
  select d.id
  from cronflow.deliveries d
  where d.id in (select id from next) and d.is_behind and d.id <> all($1::text[])
  for update skip locked
)
update cronflow.deliveries d set is_behind = false from free f where d.id = f.id
`,
};
