import type { Statement } from '../statement.ts';

/**
 * Lets claims see the deliveries again that may be sent next, once others are finished: the oldest pending one of each of
 * their lines, and those that were merged into them. One that another transaction has locked is about to be written, which
 * lets claims see it as well, or is found by `PROMOTE_HEADS`: to wait for it could be to wait in a circle.
 */
export const PROMOTE_NEXT: Statement = {
  name: 'promote_next',
  text: `
with next as (
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
),
free as materialized (
  select d.id
  from cronflow.deliveries d
  where d.id in (select id from next) and d.status = 'pending' and d.is_behind
  for update skip locked
)
update cronflow.deliveries d set is_behind = false from free f where d.id = f.id
`,
};
