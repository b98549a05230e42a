import type { Statement } from '../statement.ts';

/** Counts the deliveries of each notifier that are owed or were given up. An index has them by themselves. */
export const COUNT_UNFINISHED: Statement = {
  name: 'count_unfinished',
  text: `
select notifier, status, count(*) as count, min(created_at) as oldest_at
from cronflow.deliveries
where status in ('pending', 'dead')
group by notifier, status
`,
};
