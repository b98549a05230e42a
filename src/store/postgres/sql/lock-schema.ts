import type { Statement } from '../statement.ts';

/** Lets one instance at a time look at the schema and change it. The number stands for Cronflow. */
export const LOCK_SCHEMA: Statement = {
  text: `
select pg_advisory_xact_lock(7274660901)
`,
};
