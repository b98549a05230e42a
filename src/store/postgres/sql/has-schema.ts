import type { Statement } from '../statement.ts';

/** Tells whether Cronflow has ever used the database. */
export const HAS_SCHEMA: Statement = {
  text: `
select to_regclass('cronflow.schema_version') is not null as is_there
`,
};
