/**
 * The third schema: what keeps reads short where there are many deliveries and jobs. Cronflow of the second goes on with
 * it, and can be started on it again.
 *
 * A delivery that `is_behind` cannot be sent next: an older one of its line is pending, or the message that tells of it
 * is. A claim marks those that it comes across, so that the next one need not look at them. An older Cronflow leaves the
 * mark as it is, which is why it is looked over from time to time; see `PROMOTE_HEADS`.
 *
 * Messages are rare, and so are changes of what jobs declare. So these indexes cost pings nothing.
 */
export const SCHEMA_3 = `
alter table cronflow.deliveries add column is_behind boolean not null default false;
create index deliveries_next on cronflow.deliveries
  (notifier, coalesce((record ->> 'next_attempt_at')::double precision, 0), position)
  where status = 'pending' and not is_behind;
create index deliveries_leased on cronflow.deliveries (notifier, leased_until_at)
  where status = 'pending' and leased_until_at is not null;
create index deliveries_merged on cronflow.deliveries (merged_into)
  where status = 'pending' and merged_into is not null;
create index deliveries_status on cronflow.deliveries (status, created_at desc, id);
create index deliveries_notifier on cronflow.deliveries (notifier, created_at desc, id);
create index deliveries_both on cronflow.deliveries (status, notifier, created_at desc, id);
create index jobs_present on cronflow.jobs (name) where removed_at is null;
create index jobs_tags on cronflow.jobs using gin (tags);
create index jobs_group on cronflow.jobs ("group", name) where "group" is not null;
`;
