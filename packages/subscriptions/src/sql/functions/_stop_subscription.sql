-- Stops a subscription at a failure and ends its lease. Does nothing when the lease has another epoch.
create or replace function :schema._stop_subscription(
  name text, version integer, slice integer, epoch bigint,
  failed_position bigint, failed_type text, failed_message text
) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  update :schema.subscriptions as subscription
     set stopped_at = clock_timestamp(),
         failed_position = _stop_subscription.failed_position,
         failed_type = _stop_subscription.failed_type,
         failed_message = _stop_subscription.failed_message,
         owner = null,
         lease_until = null
   where subscription.name = _stop_subscription.name
     and subscription.version = _stop_subscription.version
     and subscription.slice = _stop_subscription.slice
     and subscription.epoch = _stop_subscription.epoch
$$;
