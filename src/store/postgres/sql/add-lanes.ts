import type { Statement } from '../statement.ts';

/** Makes the lanes of all notifiers to which something is owed. It steps from one notifier to the next. */
export const ADD_LANES: Statement = {
  name: 'add_lanes',
  text: `
with recursive owed as (
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
)
insert into cronflow.lanes (notifier, owner, token, until_at)
select notifier, null, 0, 0 from owed where notifier is not null
on conflict (notifier) do nothing
`,
};
