-- Takes the leases of all slices of a subscription from any owner. No rows when there is no such subscription, or inline is
-- not as given. Waits for transactions that are changing a row.
create or replace function :schema._seize_lease(
  name text, version integer, owner text, lease_ms double precision, inline boolean
) returns table (slice integer, epoch bigint) language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform :schema._validate_lease(_seize_lease.owner, lease_ms);
  -- In one order, so that two of them do not wait for each other.
  perform :schema._lock_subscription(_seize_lease.name, _seize_lease.version);
  return query
  update :schema.subscriptions as subscription
     set epoch = subscription.epoch + 1,
         owner = _seize_lease.owner,
         -- So that no process takes the lease to make the subscription inline.
         owner_promotes = true,
         lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
   where subscription.name = _seize_lease.name
     and subscription.version = _seize_lease.version
     and subscription.inline = _seize_lease.inline
  returning subscription.slice, subscription.epoch;
end
$$;
