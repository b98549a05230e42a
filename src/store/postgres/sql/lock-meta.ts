import type { Statement } from '../statement.ts';

/** Locks the values that are about to be changed, always in one order. */
export const LOCK_META: Statement = {
  name: 'lock_meta',
  text: `
select from cronflow.meta where key = any($1::text[]) order by key for update
`,
};
