import type { Statement } from '../statement.ts';
import { JOBS_SELECTED } from './jobs-selected.ts';

/** Lists jobs that a filter selects, by name. */
export const LIST_JOBS: Statement = {
  text: `
select j.record, s.state
${JOBS_SELECTED}
  and ($6::text is null or j.name > $6)
order by j.name
offset $7
limit $8
`,
};
