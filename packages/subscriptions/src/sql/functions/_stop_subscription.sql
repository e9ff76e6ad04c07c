-- Stops a subscription at a failure of one release, and ends its lease. Another release may take the lease and try
-- again. Does nothing when the lease has another epoch or owner, or the log has another lineage.
create or replace function :schema._stop_subscription(
  name text, version integer, slice integer, epoch bigint, owner text,
  failed_position bigint, failed_type text, failed_message text,
  outdated boolean, release text, lineage text default null
) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  update :schema.subscriptions as subscription
     set stopped_at = clock_timestamp(),
         outdated = _stop_subscription.outdated,
         failed_releases = case when subscription.failed_position is not distinct from _stop_subscription.failed_position
                                then subscription.failed_releases else '{}' end || release,
         failed_position = _stop_subscription.failed_position,
         failed_type = _stop_subscription.failed_type,
         failed_message = _stop_subscription.failed_message,
         owner = null,
         lease_until = null
   where subscription.name = _stop_subscription.name
     and subscription.version = _stop_subscription.version
     and subscription.slice = _stop_subscription.slice
     and subscription.epoch = _stop_subscription.epoch
     and subscription.owner = _stop_subscription.owner
     and (lineage is null or lineage = (select now.lineage from :schema.lineage as now))
$$;
