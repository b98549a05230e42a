import type { Statement } from '../statement.ts';

/** Counts the deliveries that a filter selects. */
export const COUNT_DELIVERIES: Statement = {
  text: `
select count(*) as total
from cronflow.deliveries
where 
  ($1::text is null or status = $1)
  and ($2::text is null or notifier = $2)
  and ($3::text is null or incident_id = $3)
`,
};
