-- Moves a checkpoint forward and extends the lease. Null, and nothing is changed, when the lease has another epoch or
-- the checkpoint is not at from_position: this fences a former owner.
create or replace function :schema._advance_checkpoint(
  name text, version integer, slice integer, epoch bigint, from_position bigint, to_position bigint,
  lease_ms double precision
) returns bigint language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  moved bigint;
begin
  update :schema.subscriptions as subscription
     set position = to_position,
         lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
   where subscription.name = _advance_checkpoint.name
     and subscription.version = _advance_checkpoint.version
     and subscription.slice = _advance_checkpoint.slice
     and subscription.position = from_position
     and subscription.epoch = _advance_checkpoint.epoch
     and to_position >= from_position
  returning subscription.position into moved;
  return moved;
end
$$;
