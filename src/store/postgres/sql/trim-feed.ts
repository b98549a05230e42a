import type { Statement } from '../statement.ts';

/**
 * Drops the changes of commits that all instances have read by now. The last one stays, so that each instance finds the
 * place to which it has read.
 */
export const TRIM_FEED: Statement = {
  name: 'trim_feed',
  text: `
delete from cronflow.feed where at < $1 and position < (select max(position) from cronflow.feed)
`,
};
