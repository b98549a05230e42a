import type { Statement } from '../statement.ts';

/** Leases deliveries under the tokens of their lanes. */
export const LEASE_DELIVERIES: Statement = {
  name: 'lease_deliveries',
  text: `
update cronflow.deliveries d
set lease_token = i.token, leased_until_at = $3
from unnest($1::text[], $2::bigint[]) as i (id, token)
where d.id = i.id
`,
};
