import type { Statement } from '../statement.ts';

/** Reads the changes of commits after a place, and those at places that were empty. */
export const READ_FEED: Statement = {
  name: 'read_feed',
  text: `
select position, instance, changes
from cronflow.feed
where position > $1 or position = any($2::bigint[])
order by position
limit $3
`,
};
