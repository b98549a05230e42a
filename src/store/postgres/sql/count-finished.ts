import type { Statement } from '../statement.ts';

/** Counts the deliveries of each notifier that were sent or logged, of which there may be many. */
export const COUNT_FINISHED: Statement = {
  name: 'count_finished',
  text: `
select notifier, status, count(*) as count, null::bigint as oldest_at
from cronflow.deliveries
where status in ('sent', 'logged')
group by notifier, status
`,
};
