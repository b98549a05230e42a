import type { Statement } from '../statement.ts';

/** Writes who holds lanes. */
export const PUT_LANES: Statement = {
  name: 'put_lanes',
  text: `
update cronflow.lanes l
set owner = i.owner, token = i.token, until_at = i.until_at, note = i.note
from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::json[]) as i (notifier, owner, token, until_at, note)
where l.notifier = i.notifier
`,
};
