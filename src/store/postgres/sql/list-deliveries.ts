import type { Statement } from '../statement.ts';
import { DELIVERIES_SELECTED } from './deliveries-selected.ts';

/**
 * Lists deliveries that a filter selects, those that became owed last first. Of one instant the first by id counts as
 * the newest.
 */
export const LIST_DELIVERIES: Statement = {
  text: `
select record
${DELIVERIES_SELECTED}
  and ($4::bigint is null or (created_at <= $4 and (created_at < $4 or id > $5::text)))
order by created_at desc, id
offset $6
limit $7
`,
};
