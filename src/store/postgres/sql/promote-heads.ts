import type { Statement } from '../statement.ts';

/**
 * Lets claims see again whatever may be sent next and is marked as if it may not, as where an instance of an older
 * version has finished the one before it. It looks at all that is pending, so it is not done at each claim. One that is
 * locked is left to the next look: to wait for it could be to wait in a circle.
 */
export const PROMOTE_HEADS: Statement = {
  name: 'promote_heads',
  text: `
with heads as (
  select distinct on (notifier, line) id, is_behind, merged_into
  from cronflow.deliveries
  where status = 'pending'
  order by notifier, line, position
),
free as materialized (
  select d.id
  from heads h
  join cronflow.deliveries d on d.id = h.id
  where h.is_behind
    and d.status = 'pending'
    and not exists (select from cronflow.deliveries m where m.id = h.merged_into and m.status = 'pending')
  for update of d skip locked
)
update cronflow.deliveries d set is_behind = false from free f where d.id = f.id
`,
};
