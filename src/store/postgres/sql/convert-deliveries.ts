import type { Statement } from '../statement.ts';

/** Writes deliveries anew. A lease stays, because whoever has it may be sending. */
export const CONVERT_DELIVERIES: Statement = {
  text: `
update cronflow.deliveries d
set job_id = i.job_id,
  incident_id = i.incident_id,
  notifier = i.notifier,
  line = i.line,
  status = i.status,
  created_at = i.created_at,
  merged_into = i.merged_into,
  is_merged = i.is_merged,
  record = i.record
from unnest(
  $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::boolean[],
  $10::json[]
) as i (id, job_id, incident_id, notifier, line, status, created_at, merged_into, is_merged, record)
where d.id = i.id
`,
};
