import type { Statement } from '../statement.ts';

/**
 * Locks each table to which a ping may write, as a write of a row does. So it holds up no ping, and fails where
 * somebody else holds up pings: by `VACUUM FULL` of one table, for instance. The order is that of `LOCK_ALL`.
 */
export const LOCK_AS_PING: Statement = {
  text: `
lock table cronflow.states, cronflow.incidents, cronflow.deliveries, cronflow.meta, cronflow.jobs, cronflow.runs,
  cronflow.days, cronflow.outputs, cronflow.events, cronflow.bases, cronflow.feed
in row exclusive mode
`,
};
