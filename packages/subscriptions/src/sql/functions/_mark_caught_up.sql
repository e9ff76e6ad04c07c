-- Records that a subscription has reached the high-water mark. Does nothing when the lease has another epoch.
create or replace function :schema._mark_caught_up(name text, version integer, slice integer, epoch bigint)
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  update :schema.subscriptions as subscription
     set caught_up_at = clock_timestamp()
   where subscription.name = _mark_caught_up.name
     and subscription.version = _mark_caught_up.version
     and subscription.slice = _mark_caught_up.slice
     and subscription.epoch = _mark_caught_up.epoch
     and subscription.caught_up_at is null
$$;
