import type { Statement } from '../statement.ts';

/** Reads the last places in the feed, and whose they are. */
export const READ_FEED_END: Statement = {
  text: `
select position, instance, at from cronflow.feed order by position desc limit $1
`,
};
