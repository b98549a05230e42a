import type { Statement } from '../statement.ts';

/** Makes the lanes of all notifiers to which something is owed. */
export const ADD_LANES: Statement = {
  name: 'add_lanes',
  text: `
insert into cronflow.lanes (notifier, owner, token, until_at)
select distinct notifier, null, 0, 0 from cronflow.deliveries where status = 'pending'
on conflict (notifier) do nothing
`,
};
