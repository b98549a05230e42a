import type { Statement } from '../statement.ts';

/** Makes the table of the schema version. */
export const ADD_VERSION_TABLE: Statement = {
  text: `
do $$ begin
  if to_regclass('cronflow.schema_version') is null then
    create schema if not exists cronflow;
    create table cronflow.schema_version (version integer not null);
  end if;
end $$
`,
};
