import type { Statement } from '../statement.ts';
import { OWED_NOTIFIERS } from './owed-notifiers.ts';

/** Makes the lanes of all notifiers to which something is owed. */
export const ADD_LANES: Statement = {
  name: 'add_lanes',
  text: `
with recursive ${OWED_NOTIFIERS}
insert into cronflow.lanes (notifier, owner, token, until_at)
select notifier, null, 0, 0 from owed where notifier is not null
on conflict (notifier) do nothing
`,
};
