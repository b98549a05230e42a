import type { Statement } from '../statement.ts';
import { DELIVERIES_SELECTED } from './deliveries-selected.ts';

/** Counts the deliveries that a filter selects. */
export const COUNT_DELIVERIES: Statement = {
  text: `
select count(*) as total
${DELIVERIES_SELECTED}
`,
};
