import type { Statement } from '../statement.ts';

/** Writes a commit of a size into the feed, of which nobody hears anything. It goes with the rest of the feed. */
export const TRY_WRITE: Statement = {
  name: 'try_write',
  text: `
insert into cronflow.feed (instance, at, changes) values ($1, $2, '[]')
`,
};
