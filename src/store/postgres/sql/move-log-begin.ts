import type { Statement } from '../statement.ts';

/** Notes that the log begins later now. */
export const MOVE_LOG_BEGIN: Statement = {
  text: `
update cronflow.log set from_at = $1 where from_at < $1
`,
};
