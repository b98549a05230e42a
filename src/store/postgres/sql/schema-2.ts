/**
 * The second schema. Cronflow of the first goes on with it, and can be started on it again.
 *
 * The table of versions said which version the schema has. Now its `version` says which one a Cronflow has to know to
 * use the database, and `applied` which one the schema has. So a change that an older Cronflow does not mind leaves
 * `version` as it is.
 *
 * The functions that add and drop partitions run as the owner of the schema, so that a role that may only read and write
 * rows can run Cronflow.
 */
export const SCHEMA_2 = `
alter table cronflow.schema_version add column applied integer;

create table cronflow.conversions (
  "table" text collate "C" primary key,
  version integer not null,
  place json
);

alter function cronflow.add_events_of(text, bigint, bigint) security definer set search_path = pg_catalog, pg_temp;
alter function cronflow.drop_events_before(text) security definer set search_path = pg_catalog, pg_temp;
`;
