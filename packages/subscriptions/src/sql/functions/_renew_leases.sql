-- Extends leases, except those that another process has taken.
create or replace function :schema._renew_leases(
  names text[], versions integer[], slices integer[], epochs bigint[], owners text[], lease_ms double precision
) returns void language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update :schema.subscriptions as subscription
     set lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
    from unnest(names, versions, slices, epochs, owners) as held (name, version, slice, epoch, owner)
   where subscription.name = held.name
     and subscription.version = held.version
     and subscription.slice = held.slice
     and subscription.epoch = held.epoch
     and subscription.owner = held.owner;
end
$$;
