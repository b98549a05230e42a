import type { Statement } from '../statement.ts';

/** Reads in which encoding the database keeps texts. */
export const READ_ENCODING: Statement = {
  text: `
select current_setting('server_encoding') as encoding
`,
};
