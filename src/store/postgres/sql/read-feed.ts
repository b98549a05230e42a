import type { Statement } from '../statement.ts';

/**
 * Reads the last place that is known, the changes of commits after it, and those at places that were empty. An instance
 * knows what it changed itself, so of its own commits it reads only that they are there.
 */
export const READ_FEED: Statement = {
  name: 'read_feed',
  text: `
select position, instance, at, case when instance <> $4 then changes end as changes
from cronflow.feed
where position >= $1 or position = any($2::bigint[])
order by position
limit $3
`,
};
