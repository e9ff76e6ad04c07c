-- Ends the leases of a subscription, and grants none until it is resumed: what its owners have not committed is fenced.
-- False when it has no row. Waits for transactions that are changing a row.
create or replace function :schema._pause_subscription(name text, version integer)
returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- In one order, so that two of them do not wait for each other.
  perform :schema._lock_subscription(_pause_subscription.name, _pause_subscription.version);
  update :schema.subscriptions as subscription
     set paused_at = coalesce(subscription.paused_at, clock_timestamp()),
         epoch = subscription.epoch + 1,
         owner = null,
         lease_until = null
   where subscription.name = _pause_subscription.name
     and subscription.version = _pause_subscription.version;
  return found;
end
$$;
