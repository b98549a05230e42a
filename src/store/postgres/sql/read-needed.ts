import type { Statement } from '../statement.ts';

/** Reads which version of the schema a Cronflow has to know to use the database. */
export const READ_NEEDED: Statement = {
  name: 'read_needed',
  text: `
select max(version) as needed from cronflow.schema_version
`,
};
