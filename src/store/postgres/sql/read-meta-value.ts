import type { Statement } from '../statement.ts';

/** Reads a meta value. */
export const READ_META_VALUE: Statement = {
  name: 'read_meta_value',
  text: `
select value from cronflow.meta where key = $1
`,
};
