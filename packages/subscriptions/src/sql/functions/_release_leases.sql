-- Ends leases, except those that another process has taken, so that other processes need not wait until they expire.
create or replace function :schema._release_leases(
  names text[], versions integer[], slices integer[], epochs bigint[], owners text[]
) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  update :schema.subscriptions as subscription
     set owner = null,
         lease_until = null
    from unnest(names, versions, slices, epochs, owners) as held (name, version, slice, epoch, owner)
   where subscription.name = held.name
     and subscription.version = held.version
     and subscription.slice = held.slice
     and subscription.epoch = held.epoch
     and subscription.owner = held.owner
$$;
