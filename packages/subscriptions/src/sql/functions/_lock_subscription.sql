-- Waits for a transaction that changes a subscription's row, and blocks others until this one ends.
create or replace function :schema._lock_subscription(name text, version integer, slice integer)
returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  select
    from :schema.subscriptions as subscription
   where subscription.name = _lock_subscription.name
     and subscription.version = _lock_subscription.version
     and subscription.slice = _lock_subscription.slice
     for update
$$;
