import type { Statement } from '../statement.ts';

/**
 * Reads the last place that is known, the changes of commits after it, and those at places that were empty. An instance
 * knows what it changed itself, so of its own commits it reads only that they are there. Each of the two parts finds its
 * places by the index. A plan for both at once that was made while the feed was short would read all of a long one.
 */
export const READ_FEED: Statement = {
  name: 'read_feed',
  text: `
select position, instance, at, case when instance <> $4 then changes end as changes
from (
  (
    select position, instance, at, changes
    from cronflow.feed
    where position >= $1
    order by position
    limit $3
  )
  union all
  (
    select position, instance, at, changes
    from cronflow.feed
    where position = any($2::bigint[])
  )
) both_parts
order by position
limit $3
`,
};
