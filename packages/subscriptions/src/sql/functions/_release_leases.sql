-- Ends leases, except those that another process has taken, so that other processes need not wait until they expire.
-- avoid_ms: for so long, they are tried before the owner. Locks the rows in the order in which a switch does.
create or replace function :schema._release_leases(
  owner text, names text[], versions integer[], slices integer[], epochs bigint[], avoid_ms double precision default 0
) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  with mine as (
    select one.name, one.version, one.slice
      from unnest(names, versions, _release_leases.slices, epochs) as held (name, version, slice, epoch)
      join :schema.subscriptions as one
        on one.name = held.name and one.version = held.version and one.slice = held.slice
     where one.epoch = held.epoch and one.owner = _release_leases.owner
     order by one.name, one.version, one.slice
       for update of one)
  update :schema.subscriptions as subscription
     set owner = null,
         lease_until = null,
         avoided_owner = case when avoid_ms > 0 then _release_leases.owner else subscription.avoided_owner end,
         avoided_until = case when avoid_ms > 0 then clock_timestamp() + least(avoid_ms, 2147483647) * interval '1 millisecond'
                              else subscription.avoided_until end
    from mine
   where subscription.name = mine.name
     and subscription.version = mine.version
     and subscription.slice = mine.slice
$$;
