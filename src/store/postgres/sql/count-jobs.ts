import type { Statement } from '../statement.ts';
import { JOBS_SELECTED } from './jobs-selected.ts';

/** Counts the jobs that a filter selects. */
export const COUNT_JOBS: Statement = {
  text: `
select count(*) as total
${JOBS_SELECTED}
`,
};
