import type { Statement } from '../statement.ts';

/** Reads the last place in the feed. */
export const READ_FEED_END: Statement = {
  text: `
select position, instance, at, changes from cronflow.feed order by position desc limit 1
`,
};
