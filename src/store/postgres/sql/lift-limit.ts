import type { Statement } from '../statement.ts';

/**
 * Lifts a limit of time that may be set for a role or a database, and that servers before some version do not have. It
 * is for the transaction alone where `isLocal` says so, and else for the connection.
 */
function liftLimit(name: string, isLocal: boolean): Statement {
  return {
    text: `
select pg_catalog.set_config(name, '0', ${isLocal}) from pg_catalog.pg_settings where name = '${name}'
`,
  };
}

export const LIFT_LIMIT = {
  /** Since PostgreSQL 14. The connection that listens asks nothing for long. */
  idleSession: liftLimit('idle_session_timeout', false),
  /** Since PostgreSQL 17. A transaction of all jobs, or an import, may take longer, and has a limit of its own. */
  transaction: liftLimit('transaction_timeout', true),
} as const satisfies Readonly<Record<string, Statement>>;
