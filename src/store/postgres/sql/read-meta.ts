import type { Statement } from '../statement.ts';

/** Reads meta values and their versions. They are not locked, because every ping reads some and changes none. */
export const READ_META: Statement = {
  name: 'read_meta',
  text: `
select key, version, value from cronflow.meta where key = any($1::text[])
`,
};
