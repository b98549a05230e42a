/** Finds the notifiers to which something is owed, for statements: it steps from one to the next by an index. */
export const OWED_NOTIFIERS = `owed as (
  (select notifier from cronflow.deliveries where status = 'pending' order by notifier limit 1)
  union all
  select (
    select d.notifier from cronflow.deliveries d
    where d.status = 'pending' and d.notifier > owed.notifier
    order by d.notifier
    limit 1
  )
  from owed
  where owed.notifier is not null
)`;
