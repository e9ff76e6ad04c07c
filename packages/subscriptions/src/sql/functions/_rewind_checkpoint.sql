-- Sets the checkpoints of all slices back to a position, gives the rows this definition, and ends their leases. A slice that
-- is not so far stays where it is. What was set aside or given up after the position comes again. False, and nothing is changed, when the lease of one has another epoch or owner, or there are other slices.
create or replace function :schema._rewind_checkpoint(
  name text, version integer, slices integer[], epochs bigint[], owner text, definition jsonb, definition_hash text,
  to_position bigint default 0
) returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  seized boolean;
begin
  perform :schema._lock_subscription(_rewind_checkpoint.name, _rewind_checkpoint.version);
  select bool_and(coalesce(subscription.epoch = held.epoch and subscription.owner = _rewind_checkpoint.owner, false))
    into seized
    from :schema.subscriptions as subscription
    left join unnest(_rewind_checkpoint.slices, epochs) as held (slice, epoch) on held.slice = subscription.slice
   where subscription.name = _rewind_checkpoint.name
     and subscription.version = _rewind_checkpoint.version;
  if seized is not true then return false; end if;
  update :schema.subscriptions as subscription
     set position = least(subscription.position, to_position),
         advanced_at = clock_timestamp(),
         until_position = case when subscription.next_slices is not null
                           then least(subscription.until_position, to_position) end,
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
         failed_message = null,
         retry_from = null
   where subscription.name = _rewind_checkpoint.name
     and subscription.version = _rewind_checkpoint.version;
  delete from :schema.inline_projections as inline
   where inline.name = _rewind_checkpoint.name
     and inline.version = _rewind_checkpoint.version;
  delete from :schema.parked_events as parked
   where parked.name = _rewind_checkpoint.name
     and parked.version = _rewind_checkpoint.version
     and parked.position > to_position;
  delete from :schema.parked_keys as parked
   where parked.name = _rewind_checkpoint.name
     and parked.version = _rewind_checkpoint.version
     and not exists (select from :schema.parked_events as held
                      where held.name = parked.name
                        and held.version = parked.version
                        and held.slice = parked.slice
                        and held.key = parked.key);
  update :schema.given_up_events as given_up
     set reset_at = clock_timestamp()
   where given_up.name = _rewind_checkpoint.name
     and given_up.version = _rewind_checkpoint.version
     and given_up.reset_at is null
     and exists (select from unnest(given_up.positions) as given (position) where given.position > to_position);
  return true;
end
$$;
