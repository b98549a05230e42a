import type { Statement } from '../statement.ts';

/** Begins to read all values that belong to no job. */
export const DUMP_META: Statement = {
  text: `
declare dump no scroll cursor for
select key, value from cronflow.meta order by key
`,
};
