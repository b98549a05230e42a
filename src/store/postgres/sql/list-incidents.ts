import type { Statement } from '../statement.ts';
import { INCIDENTS_SELECTED } from './incidents-selected.ts';

/**
 * Lists incidents that a filter selects, those that opened last first. Of one instant the first by id counts as the
 * newest.
 */
export const LIST_INCIDENTS: Statement = {
  text: `
select record
${INCIDENTS_SELECTED}
  and ($3::bigint is null or (opened_at <= $3 and (opened_at < $3 or id > $4::text)))
order by opened_at desc, id
offset $5
limit $6
`,
};
