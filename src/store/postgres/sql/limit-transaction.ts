import type { Statement } from '../statement.ts';

/**
 * Limits how long the transaction waits, and sets what its statements rely on and a role or a database may have set
 * otherwise: without `array_nulls` a null in an array is a text, and another `search_path` may have functions of the
 * names of those that are used. It holds for the transaction alone, so it works behind a pooler, too.
 *
 * A commit of some jobs finds all rows by their keys. A connection keeps the plan of a statement, and it may make it while
 * a table is still empty, as which each looks quickly read from end to end. So such plans are ruled out for a commit.
 */
export const LIMIT_TRANSACTION: Statement = {
  name: 'limit_transaction',
  text: `
select
  set_config('statement_timeout', $1, true),
  set_config('lock_timeout', $2, true),
  set_config('idle_in_transaction_session_timeout', $3, true),
  set_config('array_nulls', 'on', true),
  set_config('search_path', 'pg_catalog', true),
  case when $4::boolean then set_config('enable_seqscan', 'off', true) end,
  case when $4::boolean then set_config('enable_bitmapscan', 'off', true) end,
  case when $4::boolean then set_config('enable_hashjoin', 'off', true) end,
  case when $4::boolean then set_config('enable_mergejoin', 'off', true) end,
  current_setting('transaction_read_only') as is_read_only,
  pg_is_in_recovery() as is_copy,
  (extract(epoch from clock_timestamp()) * 1000)::float8 as now_at
`,
};
