import type { Statement } from '../statement.ts';

/** Locks rows that are about to be deleted, as far as nobody else has, and tells whether those are all that there are. */
function lockFree(table: 'incidents' | 'deliveries'): Statement {
  return {
    text: `
with free as materialized (
  select from cronflow.${table} where id = any($1::text[]) for update skip locked
)
select (select count(*) from free) >= (select count(*) from cronflow.${table} where id = any($1::text[])) as is_all
`,
  };
}

export const LOCK_FREE = {
  incidents: lockFree('incidents'),
  deliveries: lockFree('deliveries'),
} as const satisfies Readonly<Record<string, Statement>>;
