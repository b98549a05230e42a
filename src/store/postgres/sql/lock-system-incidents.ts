import type { Statement } from '../statement.ts';

/** Holds up others who open or close incidents of Cronflow itself. A row that is not there yet could not be locked. */
export const LOCK_SYSTEM_INCIDENTS: Statement = {
  name: 'lock_system_incidents',
  text: `
select name from cronflow.locks where name = 'system_incidents' for update
`,
};
