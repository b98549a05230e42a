import type { Statement } from '../statement.ts';

/** Reads where the log of commits begins. */
export const READ_LOG_BEGIN: Statement = {
  name: 'read_log_begin',
  text: `
select from_at from cronflow.log
`,
};
