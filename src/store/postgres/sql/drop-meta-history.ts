import type { Statement } from '../statement.ts';

/** Deletes meta values that had been replaced before the log begins. */
export const DROP_META_HISTORY: Statement = {
  text: `
delete from cronflow.meta_history h
where exists (
  select from cronflow.meta_history n
  where n.key = h.key and n.at <= $1 and (n.at, n.position) > (h.at, h.position)
)
`,
};
