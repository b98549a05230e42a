import type { Statement } from '../statement.ts';

/**
 * Limits for how long a transaction of all jobs may ask nothing: while it does, it holds up everybody else, and what it
 * computes in between grows with the number of jobs. For 100,000 that is some seconds of a core, which a busy machine
 * makes many times as long. Where there are no jobs yet it holds up nobody, and may be about to make any number.
 */
export const LIMIT_IDLE_OF_ALL: Statement = {
  text: `
select set_config(
  'idle_in_transaction_session_timeout',
  (case when count(*) = 0 then 60000 else least(60000, 5000 + count(*)) end)::text,
  true
)
from cronflow.jobs
`,
};
