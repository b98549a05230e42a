import type { Statement } from '../statement.ts';

/** Tells other instances of the changes of a commit. */
export const PUT_FEED: Statement = {
  name: 'put_feed',
  text: `
insert into cronflow.feed (instance, at, changes) values ($1, $2, $3)
`,
};
