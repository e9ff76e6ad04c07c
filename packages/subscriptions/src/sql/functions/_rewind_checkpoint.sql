-- Sets a checkpoint back to the beginning of the log, gives the row this definition, and ends its lease. False when the
-- lease has another epoch or owner.
create or replace function :schema._rewind_checkpoint(
  name text, version integer, slice integer, epoch bigint, owner text, definition jsonb, definition_hash text
) returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update :schema.subscriptions as subscription
     set position = 0,
         advanced_at = clock_timestamp(),
         inline = false,
         inline_after = null,
         owner = null,
         lease_until = null,
         definition = _rewind_checkpoint.definition,
         definition_hash = _rewind_checkpoint.definition_hash,
         caught_up_at = null,
         stopped_at = null,
         outdated = false,
         failed_releases = '{}',
         failed_position = null,
         failed_type = null,
         failed_message = null
   where subscription.name = _rewind_checkpoint.name
     and subscription.version = _rewind_checkpoint.version
     and subscription.slice = _rewind_checkpoint.slice
     and subscription.epoch = _rewind_checkpoint.epoch
     and subscription.owner = _rewind_checkpoint.owner;
  if not found then return false; end if;
  delete from :schema.inline_projections as inline
   where inline.name = _rewind_checkpoint.name
     and inline.version = _rewind_checkpoint.version
     and inline.slice = _rewind_checkpoint.slice;
  delete from :schema.parked_keys as parked
   where parked.name = _rewind_checkpoint.name
     and parked.version = _rewind_checkpoint.version
     and parked.slice = _rewind_checkpoint.slice;
  return true;
end
$$;
