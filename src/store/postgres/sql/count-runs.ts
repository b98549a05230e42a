import type { Statement } from '../statement.ts';
import { RUNS_SELECTED } from './runs-selected.ts';

/** Counts the rows of a job that a filter selects. */
export const COUNT_RUNS: Statement = {
  text: `
select count(*) as total
${RUNS_SELECTED}
`,
};
