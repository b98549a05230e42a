import type { Statement } from '../statement.ts';

/** Reads the last place in the feed. */
export const READ_FEED_END: Statement = {
  text: `
select coalesce(max(position), 0) as position from cronflow.feed
`,
};
