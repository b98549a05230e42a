import type { Statement } from '../statement.ts';

/** Reads the last place that is known, the changes of commits after it, and those at places that were empty. */
export const READ_FEED: Statement = {
  name: 'read_feed',
  text: `
select position, instance, at, changes
from cronflow.feed
where position >= $1 or position = any($2::bigint[])
order by position
limit $3
`,
};
