import type { Statement } from '../statement.ts';

/** Adds the schema version. */
export const PUT_VERSION: Statement = {
  text: `
insert into cronflow.schema_version (version) values ($1)
`,
};
