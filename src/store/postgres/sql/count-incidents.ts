import type { Statement } from '../statement.ts';
import { INCIDENTS_SELECTED } from './incidents-selected.ts';

/** Counts the incidents that a filter selects. */
export const COUNT_INCIDENTS: Statement = {
  text: `
select count(*) as total
${INCIDENTS_SELECTED}
`,
};
