-- Ends leases, except those that another process has taken, so that other processes need not wait until they expire.
-- avoid_ms: for so long, they are tried before the owner.
create or replace function :schema._release_leases(
  owner text, names text[], versions integer[], slices integer[], epochs bigint[], avoid_ms double precision default 0
) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  update :schema.subscriptions as subscription
     set owner = null,
         lease_until = null,
         avoided_owner = case when avoid_ms > 0 then _release_leases.owner else subscription.avoided_owner end,
         avoided_until = case when avoid_ms > 0 then clock_timestamp() + least(avoid_ms, 2147483647) * interval '1 millisecond'
                              else subscription.avoided_until end
    from unnest(names, versions, _release_leases.slices, epochs) as held (name, version, slice, epoch)
   where subscription.name = held.name
     and subscription.version = held.version
     and subscription.slice = held.slice
     and subscription.epoch = held.epoch
     and subscription.owner = _release_leases.owner
$$;
