import type { Statement } from '../statement.ts';

/** Drops the changes of commits that all instances have read by now. */
export const TRIM_FEED: Statement = {
  name: 'trim_feed',
  text: `
delete from cronflow.feed where at < $1
`,
};
