import type { Statement } from '../statement.ts';

/** Says which version the schema has now, and which one a Cronflow has to know to use it. */
export const PUT_VERSION: Statement = {
  text: `
insert into cronflow.schema_version (version, applied) values ($1, $2)
`,
};
