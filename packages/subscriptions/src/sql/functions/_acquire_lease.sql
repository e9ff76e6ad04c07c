-- Takes the lease of a subscription if no process holds it, and never waits for a lock. A process that makes the
-- subscription inline also takes it from one that does not. No row when the lease is held,
-- the subscription is inline, stopped for this release or has another definition, or another transaction is changing its
-- row.
--
-- A subscription that is stopped is tried again by a release that has not failed at its event. The position of the
-- failure stays in the row, so that the releases that failed there are known.
create or replace function :schema._acquire_lease(
  name text, version integer, slice integer, owner text, lease_ms double precision,
  definition_hash text, release text, promotes boolean default false
) returns table ("position" bigint, epoch bigint, caught_up boolean, demoted_ms double precision) language plpgsql volatile security definer
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
           lease_until = clock_timestamp() + lease_ms * interval '1 millisecond',
           owner_promotes = promotes,
           stopped_at = null
      from (select free.name, free.version, free.slice
              from :schema.subscriptions as free
             where free.name = _acquire_lease.name
               and free.version = _acquire_lease.version
               and free.slice = _acquire_lease.slice
               and not free.inline
               and free.definition_hash = _acquire_lease.definition_hash
               and (free.stopped_at is null or release <> all (free.failed_releases))
               and (free.lease_until is null or free.lease_until < clock_timestamp()
                    or promotes and not free.owner_promotes
                       and (free.inline_after is null or free.inline_after <= clock_timestamp()))
               for update skip locked) as free
     where subscription.name = free.name
       and subscription.version = free.version
       and subscription.slice = free.slice
    returning subscription.position, subscription.epoch, subscription.caught_up_at is not null,
              coalesce(greatest(0, date_part('epoch', subscription.inline_after - clock_timestamp()) * 1000), 0);
end
$$;
