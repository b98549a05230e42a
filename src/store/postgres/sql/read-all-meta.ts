import type { Statement } from '../statement.ts';

/** Reads all meta values. */
export const READ_ALL_META: Statement = {
  name: 'read_all_meta',
  text: `
select key, version, value from cronflow.meta
`,
};
