import type { Statement } from '../statement.ts';

/**
 * Limits how long the transaction waits, and sets what its statements rely on and a role or a database may have set
 * otherwise: without `array_nulls` a null in an array is a text, and another `search_path` may have functions of the
 * names of those that are used. It holds for the transaction alone, so it works behind a pooler, too.
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
  current_setting('transaction_read_only') as is_read_only,
  pg_is_in_recovery() as is_copy,
  (extract(epoch from clock_timestamp()) * 1000)::float8 as now_at
`,
};
