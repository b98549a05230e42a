import type { Statement } from '../statement.ts';

/** Lets the transaction wait for its client for as long as it takes, because a dump may come through a slow pipe. */
export const WAIT_FOR_DUMP: Statement = {
  text: `
select set_config('idle_in_transaction_session_timeout', '0', true)
`,
};
