-- Makes a subscription inline and ends its lease. To be called under the exclusive append lock: of the appends that commit
-- from now on, none misses it. False, and nothing is changed, in the cases of _advance_checkpoint.
create or replace function :schema._mark_inline(
  name text, version integer, slice integer, epoch bigint, owner text, from_position bigint, to_position bigint,
  lineage text default null
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
     and subscription.owner = _mark_inline.owner
     and to_position >= from_position
     and (lineage is null or lineage = (select now.lineage from :schema.lineage as now));
  if not found then return false; end if;
  insert into :schema.inline_projections (name, version, slice, definition_hash, event_types)
  select subscription.name, subscription.version, subscription.slice, subscription.definition_hash,
         array(select jsonb_array_elements_text(subscription.definition -> 'eventTypes'))
    from :schema.subscriptions as subscription
   where subscription.name = _mark_inline.name
     and subscription.version = _mark_inline.version
     and subscription.slice = _mark_inline.slice
  on conflict on constraint inline_projections_pkey
  do update set definition_hash = excluded.definition_hash, event_types = excluded.event_types;
  return true;
end
$$;
