-- Takes the lease of a subscription from any owner. No row when there is no such subscription, or inline is not as
-- given. Waits for a transaction that is changing the row.
create or replace function :schema._seize_lease(
  name text, version integer, slice integer, owner text, lease_ms double precision, inline boolean
) returns table ("position" bigint, epoch bigint) language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  update :schema.subscriptions as subscription
     set epoch = subscription.epoch + 1,
         owner = _seize_lease.owner,
         -- So that no process takes the lease to make the subscription inline.
         owner_promotes = true,
         lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
   where subscription.name = _seize_lease.name
     and subscription.version = _seize_lease.version
     and subscription.slice = _seize_lease.slice
     and subscription.inline = _seize_lease.inline
  returning subscription.position, subscription.epoch
$$;
