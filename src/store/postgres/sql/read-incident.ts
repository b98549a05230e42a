import type { Statement } from '../statement.ts';

/** Reads an incident. */
export const READ_INCIDENT: Statement = {
  name: 'read_incident',
  text: `
select record from cronflow.incidents where id = $1
`,
};
