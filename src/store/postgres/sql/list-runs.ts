import type { Statement } from '../statement.ts';
import { RUNS_SELECTED } from './runs-selected.ts';

/** Lists the rows of a job that a filter selects, the latest first. */
export const LIST_RUNS: Statement = {
  text: `
select record
${RUNS_SELECTED}
  and ($6::integer is null or number < $6)
order by number desc
offset $7
limit $8
`,
};
