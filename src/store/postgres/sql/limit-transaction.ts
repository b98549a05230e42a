import type { Statement } from '../statement.ts';

/** Limits how long the transaction waits. It holds for the transaction alone, so it works behind a pooler, too. */
export const LIMIT_TRANSACTION: Statement = {
  name: 'limit_transaction',
  text: `
select
  set_config('statement_timeout', $1, true),
  set_config('lock_timeout', $2, true),
  set_config('idle_in_transaction_session_timeout', $3, true),
  current_setting('transaction_read_only') as is_read_only,
  (extract(epoch from clock_timestamp()) * 1000)::float8 as now_at
`,
};
