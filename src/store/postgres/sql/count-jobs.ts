import type { Statement } from '../statement.ts';
import { JOBS_DECLARED, JOBS_SELECTED } from './jobs-selected.ts';

/** Counts the jobs that a filter selects. */
export const COUNT_JOBS: Statement = {
  text: `
select count(*) as total
${JOBS_SELECTED}
`,
};

/** Counts the jobs that a filter without a status selects. It looks at no state. */
export const COUNT_JOBS_OF_ANY_STATUS: Statement = {
  text: `
select count(*) as total
${JOBS_DECLARED}
`,
};
