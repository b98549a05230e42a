import type { Statement } from '../statement.ts';

/**
 * Limits for how long a transaction of all jobs may ask nothing: while it does, it holds up everybody else, and what it
 * computes in between grows with the number of jobs.
 */
export const LIMIT_IDLE_OF_ALL: Statement = {
  text: `
select set_config('idle_in_transaction_session_timeout', least(15000, 5000 + count(*))::text, true) from cronflow.jobs
`,
};
