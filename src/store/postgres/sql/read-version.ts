import type { Statement } from '../statement.ts';

/** Reads the version of the schema, and which one a Cronflow has to know. The first schema has no column for the former. */
export const READ_VERSION: Statement = {
  text: `
select
  coalesce(max(version), 0) as needed,
  coalesce(max(coalesce((to_json(v) ->> 'applied')::integer, version)), 0) as applied
from cronflow.schema_version v
`,
};
