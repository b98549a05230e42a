import type { Statement } from '../statement.ts';

/**
 * Writes deliveries, the new ones in their order. A lease ends, but where others are merged into the delivery or taken
 * out of it: whoever does that is about to send it. Claims see again what was written.
 */
export const PUT_DELIVERIES: Statement = {
  name: 'put_deliveries',
  text: `
insert into cronflow.deliveries
  (id, job_id, incident_id, notifier, line, status, created_at, merged_into, is_merged, record)
select id, job_id, incident_id, notifier, line, status, created_at, merged_into, is_merged, record
from unnest(
  $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::boolean[],
  $10::json[]
) with ordinality
  as i (id, job_id, incident_id, notifier, line, status, created_at, merged_into, is_merged, record, place)
order by place
on conflict (id) do update set
  job_id = excluded.job_id,
  incident_id = excluded.incident_id,
  notifier = excluded.notifier,
  line = excluded.line,
  status = excluded.status,
  created_at = excluded.created_at,
  merged_into = excluded.merged_into,
  is_merged = excluded.is_merged,
  leased_until_at = case
    when excluded.status = 'pending' and excluded.is_merged <> deliveries.is_merged then deliveries.leased_until_at
  end,
  is_behind = false,
  record = excluded.record
`,
};
