import type { Statement } from '../statement.ts';
import { OWED_NOTIFIERS } from './owed-notifiers.ts';

/**
 * Reads of each lane the pending deliveries that may be sent next, the one that is longest due first, and tells which of
 * them cannot be sent after all: they wait for an older one of their line, or for the message into which they are
 * merged. It looks at a few, however many are pending.
 *
 * While somebody holds a lane, what is leased to them is left out, but for the lease that ends first.
 */
export const READ_OWED: Statement = {
  name: 'read_owed',
  text: `
with recursive ${OWED_NOTIFIERS},
held as materialized (
  select
    w.notifier,
    l.token,
    coalesce(m.looked, $3::integer) as looked,
    case when l.owner is null then false else l.owner = $4::text or (l.until_at > $5::bigint and l.until_at <= $6::bigint) end
      as is_held,
    case when l.owner = $4::text then $7::bigint[] else '{}' end as unheard
  from owed w
  left join cronflow.lanes l on l.notifier = w.notifier
  left join unnest($1::text[], $2::integer[]) as m (notifier, looked) on m.notifier = w.notifier
  where w.notifier is not null
)
select o.id, o.lease_token, o.leased_until_at, o.is_waiting, o.record
from held h,
lateral (
  (
    select d.id, d.position, d.lease_token, d.leased_until_at, d.record, exists (
        select from cronflow.deliveries e
        where e.status = 'pending' and e.notifier = d.notifier and e.line = d.line and e.position < d.position
      ) or coalesce((select m.status from cronflow.deliveries m where m.id = d.merged_into), '') = 'pending'
        as is_waiting
    from cronflow.deliveries d
    where d.notifier = h.notifier and d.status = 'pending' and not d.is_behind
      and not (
        h.is_held and d.leased_until_at is not null and d.lease_token = h.token
        and d.leased_until_at > $5 and d.leased_until_at <> all(h.unheard)
      )
    order by coalesce((d.record ->> 'next_attempt_at')::double precision, 0), d.position
    limit h.looked
  )
  union all
  (
    select d.id, d.position, d.lease_token, d.leased_until_at, d.record, false
    from cronflow.deliveries d
    where h.is_held and d.notifier = h.notifier and d.status = 'pending' and d.lease_token = h.token
      and d.leased_until_at > $5 and d.leased_until_at <> all(h.unheard)
    order by d.leased_until_at
    limit 1
  )
) o
order by o.position
`,
};
