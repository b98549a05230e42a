import type { Statement } from '../statement.ts';

/** Counts the incidents that a filter selects. */
export const COUNT_INCIDENTS: Statement = {
  text: `
select count(*) as total
from cronflow.incidents
where 
  ($1::text is null or job_id = $1)
  and ($2::boolean is null or is_open = $2)
`,
};
