-- Takes the lease of a subscription if no process holds it, and never waits for a lock. No row when the lease is held,
-- the subscription is stopped or inline, or another transaction is changing its row.
create or replace function :schema._acquire_lease(
  name text, version integer, slice integer, owner text, lease_ms double precision
) returns table ("position" bigint, epoch bigint) language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  -- Durable, whatever the server's default is: an epoch that a crash undid could be given to two owners.
  perform set_config('synchronous_commit', 'on', true);
  return query
    update :schema.subscriptions as subscription
       set epoch = subscription.epoch + 1,
           owner = _acquire_lease.owner,
           lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
      from (select free.name, free.version, free.slice
              from :schema.subscriptions as free
             where free.name = _acquire_lease.name
               and free.version = _acquire_lease.version
               and free.slice = _acquire_lease.slice
               and not free.inline
               and free.stopped_at is null
               and (free.lease_until is null or free.lease_until < clock_timestamp())
               for update skip locked) as free
     where subscription.name = free.name
       and subscription.version = free.version
       and subscription.slice = free.slice
    returning subscription.position, subscription.epoch;
end
$$;
