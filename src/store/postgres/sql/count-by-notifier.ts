import type { Statement } from '../statement.ts';

/** Counts the deliveries of each notifier by status. */
export const COUNT_BY_NOTIFIER: Statement = {
  name: 'count_by_notifier',
  text: `
select
  notifier,
  count(*) filter (where status = 'pending') as pending,
  count(*) filter (where status = 'sent') as sent,
  count(*) filter (where status = 'logged') as logged,
  count(*) filter (where status = 'dead') as dead,
  min(created_at) filter (where status = 'pending') as oldest_pending_at
from cronflow.deliveries
group by notifier
order by notifier
`,
};
