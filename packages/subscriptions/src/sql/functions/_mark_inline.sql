-- Makes a subscription inline and ends its lease. False when the lease has another epoch or the checkpoint is not at
-- from_position.
create or replace function :schema._mark_inline(
  name text, version integer, slice integer, epoch bigint, from_position bigint, to_position bigint
) returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update :schema.subscriptions as subscription
     set inline = true,
         position = to_position,
         caught_up_at = coalesce(subscription.caught_up_at, clock_timestamp()),
         owner = null,
         lease_until = null
   where subscription.name = _mark_inline.name
     and subscription.version = _mark_inline.version
     and subscription.slice = _mark_inline.slice
     and subscription.position = from_position
     and subscription.epoch = _mark_inline.epoch
     and to_position >= from_position;
  return found;
end
$$;
