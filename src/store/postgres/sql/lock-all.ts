import type { Statement } from '../statement.ts';

/** Waits for the transactions that change anything and holds up new ones. Reads go on. */
export const LOCK_ALL: Statement = {
  text: `
lock table cronflow.states, cronflow.incidents, cronflow.deliveries, cronflow.meta in exclusive mode
`,
};
