import type { Statement } from '../statement.ts';

/** Leases deliveries under the tokens of their lanes. It locks them in the order in which all others do. */
export const LEASE_DELIVERIES: Statement = {
  name: 'lease_deliveries',
  text: `
with locked as materialized (
  select d.id, i.token
  from unnest($1::text[], $2::bigint[]) as i (id, token)
  join cronflow.deliveries d on d.id = i.id
  order by d.position
  for update of d
)
update cronflow.deliveries d
set lease_token = l.token, leased_until_at = $3
from locked l
where d.id = l.id
`,
};
