import type { Statement } from '../statement.ts';

/** Reads the oldest pending delivery of each line, but for lines that wait for the message into which it is merged. */
export const READ_LINES: Statement = {
  name: 'read_lines',
  text: `
select h.record, h.lease_token, h.leased_until_at
from (
  select distinct on (notifier, line) notifier, line, position, merged_into, lease_token, leased_until_at, record
  from cronflow.deliveries
  where status = 'pending'
  order by notifier, line, position
) h
where not exists (
  select from cronflow.deliveries m where m.id = h.merged_into and m.status = 'pending'
)
order by h.position
`,
};
