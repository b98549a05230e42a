import type { Statement } from '../statement.ts';

/**
 * Lists deliveries that a filter selects, those that became owed last first. Of one instant the first by id counts as
 * the newest.
 */
export const LIST_DELIVERIES: Statement = {
  text: `
select record
from cronflow.deliveries
where 
  ($1::text is null or status = $1)
  and ($2::text is null or notifier = $2)
  and ($3::text is null or incident_id = $3)
  and ($4::bigint is null or (created_at <= $4 and (created_at < $4 or id > $5::text)))
order by created_at desc, id
offset $6
limit $7
`,
};
