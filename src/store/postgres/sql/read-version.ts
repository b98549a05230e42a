import type { Statement } from '../statement.ts';

/** Reads the schema version. */
export const READ_VERSION: Statement = {
  text: `
select max(version) as version from cronflow.schema_version
`,
};
